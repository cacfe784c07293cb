"""Convolutions of stride 2: by products of matrices in bf16, by tiles in float32, the same numbers as the library's."""

from collections.abc import Callable

import pytest
import torch
from test_winograd import only_in_training
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from ganlib.nets import strided, winograd_strided
from ganlib.nets.dcgan import Dcgan
from ganlib.nets.resample import ConvAfterDoubling, ConvBeforeHalving, compute_plainly
from ganlib.nets.strided import Doubling, Halving, doubled, halved
from ganlib.nets.twice import of_maps_alone

Convolve = Callable[[Tensor, Tensor, Tensor | None], Tensor]

#: Either way, ours and the library's.
WAYS: dict[str, tuple[Convolve, Convolve]] = {
    "halved": (lambda *ends: halved(*ends, learning=True), lambda *ends: conv2d(*ends, stride=2, padding=1)),
    "doubled": (lambda *ends: doubled(*ends, learning=True), lambda *ends: conv_transpose2d(*ends, stride=2, padding=1)),
}

each_way = pytest.mark.parametrize("way", WAYS)


def drawn(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype).requires_grad_()


def ends(way: str, number: int, sides: tuple[int, int], wide: int, narrow: int) -> list[Tensor]:
    """Maps, a kernel and a bias. sides, and narrow channels, of the larger maps."""
    kernel = drawn(wide, narrow, 4, 4, seed=1)
    if way == "halved":
        return [drawn(number, narrow, *sides), kernel, drawn(wide, seed=2)]
    return [drawn(number, wide, sides[0] // 2, sides[1] // 2), kernel, drawn(narrow, seed=2)]


def with_derivatives(convolve: Convolve, maps: Tensor, kernel: Tensor, bias: Tensor) -> list[Tensor]:
    """Outputs, their slopes by all three, and slopes of a function of those slopes."""
    outputs = convolve(maps, kernel, bias)
    loss = (outputs.sin() * torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view_as(outputs)).sum()
    slopes = torch.autograd.grad(loss, (maps, kernel, bias), create_graph=True)
    last = sum((slope**3).sum() for slope in slopes)
    assert isinstance(last, Tensor)
    return [outputs, *slopes, *torch.autograd.grad(last, (maps, kernel, bias))]


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """By tiles however few channels, or tiles, there are."""
    for limits in ("_PAYING", "_PAYING_FOR_KERNEL"):
        monkeypatch.setattr(winograd_strided, limits, (1, 1))
    monkeypatch.setattr(winograd_strided, "_FEWEST", 1)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done by tiles, as it is."""
    names: list[str] = []
    for name in ("halved", "doubled", "of_kernel"):
        inner = getattr(winograd_strided, name)

        def count(*given: Tensor, name: str = name, inner: Callable[..., Tensor] = inner) -> Tensor:
            names.append(name)
            return inner(*given)

        monkeypatch.setattr(winograd_strided, name, count)
    return names


class TestByTiles:
    """In float32, and here in float64 to tell rounding from mistakes."""

    @pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
    @pytest.mark.parametrize(
        ("number", "sides"),
        [
            (3, (8, 12)),
            (140, (4, 4)),  # more tiles than are computed at a time, in unequal portions
            (1, (20, 8)),
        ],
    )
    @each_way
    @pytest.mark.usefixtures("always")
    def test_it_is_the_same_to_rounding_with_both_derivatives(
        self, way: str, number: int, sides: tuple[int, int], layout: torch.memory_format, counted: list[str]
    ) -> None:
        """To 1e-13 of the largest: an eps of 2e-16 times the transforms' weights, 16 at most, times a few sums."""
        maps, kernel, bias = ends(way, number, sides, 5, 4)
        maps = maps.detach().contiguous(memory_format=layout).requires_grad_()
        ours, theirs = (with_derivatives(convolve, maps, kernel, bias) for convolve in WAYS[way])
        assert {"halved", "doubled", "of_kernel"} <= set(counted)
        for one, other in zip(ours, theirs, strict=True):
            assert (one - other).abs().max() <= 1e-13 * other.abs().max()

    @each_way
    def test_in_float32_it_rounds_as_the_library_does(self, way: str, counted: list[str]) -> None:
        """Outputs and gradients, no further from those in float64 than half of eps times what the transforms weigh, 16."""
        given = [end.detach() for end in ends(way, 32, (8, 8), 256, 256)]
        found = []
        for dtype, convolve in zip((torch.float32, torch.float64), WAYS[way], strict=True):
            maps, kernel = (end.to(dtype).requires_grad_() for end in given[:2])
            outputs = convolve(maps, kernel, None)
            found.append([outputs, *torch.autograd.grad(outputs.square().sum() / 2, (maps, kernel))])
        assert set(counted) == {"halved", "doubled", "of_kernel"}
        for ours, exact in zip(*found, strict=True):
            assert 0 < (ours - exact).norm() < 16 * 2**-24 * exact.norm()

    @each_way
    @pytest.mark.usefixtures("always")
    def test_who_asks_for_gradients_of_maps_alone_pays_for_no_others(self, way: str, counted: list[str]) -> None:
        """As a penalty on D's slope does."""
        given = ends(way, 1, (8, 8), 2, 2)
        with of_maps_alone():
            (slope,) = torch.autograd.grad(WAYS[way][0](*given).sum(), given[:1])
        assert slope.shape == given[0].shape
        assert sorted(counted) == ["doubled", "halved"]

    @each_way
    def test_few_channels_learn_their_kernel_by_it_alone(self, way: str, counted: list[str]) -> None:
        """Where transforms cost maps more than is saved; these come to the bit as from the library."""
        given = [end.detach().float().requires_grad_() for end in ends(way, 64, (16, 16), 128, 64)]
        ours, theirs = (convolve(*given) for convolve in WAYS[way])
        assert torch.equal(ours, theirs)
        ours.sum().backward()
        assert counted == ["of_kernel"]

    @pytest.mark.parametrize(
        ("number", "sides", "dtype"),
        [
            (128, (10, 8), torch.float32),  # no whole tiles
            (2, (8, 8), torch.float32),  # too few
            (64, (8, 8), torch.bfloat16),  # too rough
        ],
    )
    @each_way
    def test_elsewhere_it_is_left_to_the_library(
        self, way: str, number: int, sides: tuple[int, int], dtype: torch.dtype, counted: list[str]
    ) -> None:
        """Where it does not pay, or would round too much: the library's outputs, to the bit."""
        given = [end.detach().to(dtype).requires_grad_() for end in ends(way, number, sides, 256, 128)]
        ours, theirs = (convolve(*given) for convolve in WAYS[way])
        assert torch.equal(ours, theirs)
        ours.float().sum().backward()
        assert counted == []

    @each_way
    @pytest.mark.usefixtures("always")
    def test_under_autocast_nothing_is_done_by_tiles(self, way: str, counted: list[str]) -> None:
        """Not within the functions that bf16 has of its own either, nor for a penalty's second derivative."""
        maps, kernel, _ = (end.detach().float().requires_grad_() for end in ends(way, 2, (8, 8), 32, 32))
        with torch.autocast("cpu", torch.bfloat16):
            outputs = WAYS[way][0](maps, kernel, None)
            assert outputs.dtype == torch.bfloat16
            (slope,) = torch.autograd.grad(outputs.float().square().sum(), maps, create_graph=True)
            torch.autograd.grad(slope.square().sum(), kernel)
        assert counted == []

    def test_in_float32_nothing_is_laid_out_as_for_bf16(self, counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """Maps of 8 × 8 that only learn their kernel by tiles."""
        monkeypatch.setattr(strided, "_halved_by_product", lambda *_: pytest.fail("computed as for bf16"))
        maps, kernel, _ = (end.detach().float().requires_grad_() for end in ends("halved", 256, (8, 8), 128, 128))
        halved(maps, kernel, None, learning=True).sum().backward()
        assert counted == ["of_kernel"]

    @pytest.mark.parametrize("shape", [(64, 256, 9, 8), (256, 8, 8)])
    def test_an_odd_side_and_a_single_picture_are_left_to_the_library(self, shape: tuple[int, ...], counted: list[str]) -> None:
        """The outputs of an odd side may be even: nine pixels have four."""
        maps, kernel = drawn(*shape, dtype=torch.float32), drawn(256, 256, 4, 4, dtype=torch.float32)
        ours, theirs = (convolve(maps, kernel, None) for convolve in WAYS["halved"])
        assert torch.equal(ours, theirs)
        assert counted == []

    @pytest.mark.parametrize("kind", [Halving, Doubling, ConvBeforeHalving, ConvAfterDoubling])
    def test_layers_do_in_training_unless_they_are_to_be_plain(
        self, kind: Callable[[int, int], nn.Module], counted: list[str]
    ) -> None:
        """Not in evaluation: a picture's bits would depend on how many are drawn at a time."""
        only_in_training(kind(256, 256), torch.zeros(64, 256, 8, 8), counted)
        assert counted in (["halved"], ["doubled"])

    @pytest.mark.usefixtures("always")
    def test_the_papers_pair_trains_by_it(self, counted: list[str]) -> None:
        """DCGAN with batch norm: the gradients of G through D are those of the plain form."""
        network = Dcgan(width=8, norm=True)
        torch.manual_seed(0)
        g, d = network.generator(32, 3).double(), network.discriminator(32, 3).double()
        codes = torch.randn(8, network.latent, dtype=torch.float64)
        found = []
        for plain in (True, False):
            for module in (g, d):
                compute_plainly(module, plain)
                module.zero_grad()
            d(g(codes)).sum().backward()
            found.append([parameter.grad for module in (g, d) for parameter in module.parameters()])
        assert counted.count("of_kernel") == 6  # three layers on either side
        for one, other in zip(*found, strict=True):
            assert (one - other).abs().max() <= 1e-10 * max(float(other.abs().max()), 1e-3)


class TestByProducts:
    """In bf16."""

    @pytest.mark.parametrize("bias", [True, False])
    @pytest.mark.parametrize(("height", "width"), [(4, 4), (2, 6), (8, 8)])
    def test_products_are_the_librarys_convolution(
        self, height: int, width: int, bias: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Outputs of 4 × 4 and the kernel's gradient, to rounding in float64; in one piece and in several."""
        large, kernel = drawn(3, 5, 2 * height, 2 * width), drawn(4, 5, 4, 4, seed=1)
        shift = drawn(4, seed=2) if bias else None
        outputs = conv2d(large, kernel, shift, stride=2, padding=1)
        slopes = drawn(*outputs.shape, seed=3).detach()
        (theirs,) = torch.autograd.grad(outputs, kernel, slopes)
        large, kernel = large.detach(), kernel.detach()
        shift = shift.detach() if shift is not None else None
        if (height, width) == (4, 4):
            torch.testing.assert_close(strided._halved_by_product(large, kernel, shift), outputs, rtol=1e-11, atol=1e-11)
        for most in (1, 2**21):
            monkeypatch.setattr(strided, "_MOST", most)
            torch.testing.assert_close(strided._kernel_by_products(large, slopes), theirs, rtol=1e-11, atol=1e-11)

    @pytest.mark.parametrize(("kind", "side"), [(Halving, 8), (Halving, 16), (Doubling, 4)])
    def test_a_layer_learns_the_same_in_bf16(self, kind: type[Halving | Doubling], side: int) -> None:
        """As far as bf16 goes: eight bits of each number are kept, of sums of some thousands of them more."""
        layer = kind(64, 48).to(memory_format=torch.channels_last)
        maps = drawn(4, 64, side, side, dtype=torch.float32).detach().contiguous(memory_format=torch.channels_last)
        found = []
        for plain in (False, True):
            layer.plain = plain
            layer.zero_grad()
            inputs = maps.clone().requires_grad_()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = nn.functional.leaky_relu_(layer(inputs))  # in place, as networks have it
            names = {type(step).__name__ for step in _steps(outputs.grad_fn)}
            assert bool(names & {"HalvedBackward", "DoubledBackward"}) != plain
            outputs.float().square().sum().backward()
            found.append([outputs.detach().float(), inputs.grad, layer.weight.grad, layer.bias.grad])
        assert layer.weight.grad.is_contiguous(memory_format=torch.channels_last)
        for mine, theirs in zip(*found, strict=True):
            assert float((mine - theirs).norm() / theirs.norm()) < 2**-7

    @pytest.mark.parametrize(("kind", "side"), [(Halving, 8), (Doubling, 4)])
    def test_a_penalty_on_slopes_is_learnt_the_same_in_bf16(self, kind: type[Halving | Doubling], side: int) -> None:
        """R1's gradient, two derivatives deep, as far as bf16 goes."""
        layer = kind(64, 48)
        found = []
        for plain in (False, True):
            layer.plain = plain
            layer.zero_grad()
            inputs = drawn(4, 64, side, side, dtype=torch.float32)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = layer(inputs).float().pow(2).sum()
            (slope,) = torch.autograd.grad(outputs, inputs, create_graph=True)
            slope.square().sum().backward()
            found.append(layer.weight.grad)
        mine, theirs = found
        assert float((mine - theirs).norm() / theirs.norm()) < 2**-6


def _steps(last: torch.autograd.graph.Node | None) -> list[torch.autograd.graph.Node]:
    """All that led to it."""
    if last is None:
        return []
    return [last, *(step for before, _ in last.next_functions for step in _steps(before))]
