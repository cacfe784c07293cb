"""3 × 3 convolutions by tiles: the same numbers as the library's, in both directions, differentiated once and twice."""

import pytest
import torch
from torch import nn

from ganlib.nets import winograd
from ganlib.nets.resample import Conv3x3, compute_plainly
from ganlib.nets.resnet import Resnet
from ganlib.nets.twice import of_maps_alone
from ganlib.nets.winograd import ByTiles, KernelByTiles, convolved


def drawn(*shape, dtype=torch.float64, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype).requires_grad_()


@pytest.fixture
def always(monkeypatch):
    """However few channels, or tiles, there are."""
    monkeypatch.setattr(winograd, "_MANY", 1)
    monkeypatch.setattr(winograd, "_FEWEST", 1)


@pytest.fixture
def counted(monkeypatch):
    """The sides of maps that are convolved by tiles, as they come."""
    sides = []
    forward = ByTiles.forward

    def count(ctx, maps, kernel, transposed):
        sides.append(maps.shape[2])
        return forward(ctx, maps, kernel, transposed)

    monkeypatch.setattr(ByTiles, "forward", staticmethod(count))
    return sides


def twice_differentiated(convolve, maps, kernel, bias):
    """Outputs, their slopes by all three, and slopes of a function of those slopes."""
    outputs = convolve(maps, kernel, bias)
    loss = (outputs.sin() * torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view_as(outputs)).sum()
    slopes = torch.autograd.grad(loss, (maps, kernel, bias), create_graph=True)
    return [outputs, *slopes, *torch.autograd.grad(sum((slope**3).sum() for slope in slopes), (maps, kernel, bias))]


def only_in_training(layer, maps, counted):
    """What is counted, by tiles, is of training alone, and not where it is to be plain: see to that, and then let it count."""
    layer.eval()(maps)
    compute_plainly(layer.train(), True)
    layer(maps)
    assert counted == []
    compute_plainly(layer, False)
    layer(maps)


class TestConvolved:
    """Against torch's own convolution."""

    @pytest.mark.parametrize(
        ("shape", "out", "layout"),
        [
            ((3, 5, 8, 12), 7, torch.contiguous_format),
            ((40, 4, 8, 8), 4, torch.channels_last),  # more tiles than are computed at a time, in unequal portions
            ((1, 3, 16, 8), 2, torch.channels_last),
        ],
    )
    def test_it_is_the_same_to_rounding_with_both_derivatives(self, always, counted, shape, out, layout):
        """In float64 to 1e-13 of the largest: an eps of 2e-16 times the transforms' weights, 100 at most, times a few sums."""
        maps = drawn(*shape).detach().to(memory_format=layout).requires_grad_()
        kernel, bias = drawn(out, shape[1], 3, 3, seed=1), drawn(out, seed=2)
        ours = twice_differentiated(convolved, maps, kernel, bias)
        assert counted
        theirs = twice_differentiated(lambda *args: nn.functional.conv2d(*args, padding=1), maps, kernel, bias)
        for one, other in zip(ours, theirs, strict=True):
            assert (one - other).abs().max() <= 1e-13 * other.abs().max()

    def test_in_float32_it_rounds_to_a_few_millionths(self):
        """Of the outputs' norm: half of eps, 6e-8, times what the transforms weigh, 8 · 10 at most; TF32 rounds to 5e-4."""
        maps, kernel = drawn(2, 128, 16, 16, dtype=torch.float32), drawn(128, 128, 3, 3, dtype=torch.float32, seed=1)
        found = []
        for dtype, convolve in (
            (torch.float64, lambda *ends: nn.functional.conv2d(*ends, padding=1)),
            (torch.float32, convolved),
        ):
            ends = [end.detach().to(dtype).requires_grad_() for end in (maps, kernel)]
            outputs = convolve(*ends, None)
            found.append([outputs, *torch.autograd.grad(outputs.square().sum() / 2, ends)])
        for exact, ours in zip(*found, strict=True):
            assert 0 < (ours - exact).norm() < 80 * 2**-24 * exact.norm()

    def test_who_asks_for_gradients_of_maps_alone_pays_for_no_others(self, always, monkeypatch):
        """As a penalty on D's slope does."""
        monkeypatch.setattr(KernelByTiles, "forward", lambda *_: pytest.fail("computed the gradient of a kernel"))
        maps, kernel = drawn(1, 2, 8, 8), drawn(2, 2, 3, 3)
        with of_maps_alone():
            (slope,) = torch.autograd.grad(convolved(maps, kernel, None).sum(), (maps,))
        assert slope.shape == maps.shape

    @pytest.mark.parametrize(
        ("maps", "channels"),
        [
            (torch.zeros(1, 128, 10, 8), 128),  # no whole tiles
            (torch.zeros(1, 128, 4, 4), 128),  # too small
            (torch.zeros(1, 128, 8, 8), 64),  # too few channels
            (torch.zeros(1, 128, 8, 8, dtype=torch.bfloat16), 128),  # too rough
        ],
    )
    def test_elsewhere_it_is_left_to_the_library(self, counted, maps, channels):
        """Where it does not pay, or would round too much."""
        convolved(maps, torch.zeros(channels, 128, 3, 3, dtype=maps.dtype), None)
        assert not counted

    def test_under_autocast_it_is_left_to_the_library(self, counted):
        """Which computes in bf16 there."""
        with torch.autocast("cpu", torch.bfloat16):
            found = convolved(torch.zeros(1, 128, 8, 8), torch.zeros(128, 128, 3, 3), None)
        assert found.dtype == torch.bfloat16
        assert not counted


class TestLayers:
    """Where networks use it."""

    def test_a_layer_does_in_training_unless_it_is_to_be_plain(self, counted):
        """Not in evaluation: a picture's bits would depend on how many are drawn at a time."""
        only_in_training(Conv3x3(128, 128), torch.zeros(16, 128, 8, 8), counted)
        assert counted == [8]

    def test_few_pictures_go_the_usual_way(self, counted):
        """Three quarters of what is worth it, one picture without a batch: the library's outputs, to the bit."""
        layer = Conv3x3(128, 128)
        for shape in ((12, 128, 8, 8), (3, 128, 16, 16), (128, 8, 8)):
            maps = torch.randn(shape)
            assert torch.equal(layer(maps), torch.nn.functional.conv2d(maps, layer.weight, layer.bias, padding=1))
        assert not counted

    def test_a_residual_pair_trains_by_it(self, always, counted):
        """SNGAN's G for 32 pixels at all of its maps but the first; its gradients are those of the plain form."""
        network = Resnet(width=128, max_width=128, d_width=128, d_max_width=128, smallest=8, flat=2)
        torch.manual_seed(0)
        g, d = network.generator(32, 3).double(), network.discriminator(32, 3).double()
        found = []
        for plain in (True, False):
            for module in (g, d):
                compute_plainly(module, plain)
                module.zero_grad()
            torch.manual_seed(1)
            codes = torch.randn(2, 128, dtype=torch.float64)
            d.eval()(g(codes))  # where the power method rests
            d(g(codes)).sum().backward()
            found.append([parameter.grad.clone() for parameter in g.parameters()])
        assert counted[:3] == [8, 16, 32]
        for one, other in zip(*found, strict=True):
            assert (one - other).abs().max() <= 1e-11 * max(float(other.abs().max()), 1e-3)
