"""Convolutions that can be differentiated twice: torch's own numbers, for gradients of gradients, too."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import torch
from learners import TINY
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Gan
from ganlib.nets.infogan import Infogan
from ganlib.nets.r3gan import R3gan
from ganlib.nets.resnet import Resnet
from ganlib.nets.twice import Convolved, QuickTwice, of_maps_alone
from ganlib.objectives.penalties import PENALTIES

NETWORKS = [TINY, Infogan(norm=False), R3gan(width=8), Resnet(width=8), Resnet(width=8, spectral=False)]

#: Strides, paddings, groups, and rows that no stride reaches.
CONVOLUTIONS = [
    (partial(conv2d, padding=1), (2, 4, 5, 5), (6, 4, 3, 3)),
    (partial(conv2d, stride=2, padding=1), (2, 3, 8, 8), (4, 3, 4, 4)),
    (partial(conv2d, stride=(2, 1), padding=(1, 0)), (2, 2, 7, 6), (3, 2, 3, 2)),
    (partial(conv2d, stride=2, padding=1, groups=2), (2, 4, 8, 6), (6, 2, 3, 3)),
    (partial(conv2d, stride=3), (1, 2, 9, 8), (2, 2, 2, 2)),
    (partial(conv_transpose2d, stride=2, padding=1), (2, 3, 4, 4), (3, 4, 4, 4)),
    (partial(conv_transpose2d, stride=2, padding=1, output_padding=1, groups=4), (2, 4, 3, 3), (4, 1, 3, 3)),
]


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(("convolve", "maps", "kernel"), CONVOLUTIONS)
@pytest.mark.parametrize("biased", [True, False])
def test_a_convolution_is_torchs_and_its_derivatives_are_right(
    convolve: Callable[..., Tensor], maps: tuple[int, ...], kernel: tuple[int, ...], biased: bool
) -> None:
    """Outputs equal torch's; first and second derivatives are what small differences say, in float64."""
    torch.manual_seed(0)
    x, w = numbers(*maps), numbers(*kernel)
    bias = numbers(convolve(x, w).shape[1]) if biased else None

    def ours(x: Tensor, w: Tensor, bias: Tensor | None = None) -> Tensor:
        with QuickTwice():
            return convolve(x, w, bias)

    inputs = (x, w, bias) if biased else (x, w)
    assert ours(*inputs).grad_fn.name() == "ConvolvedBackward"
    torch.testing.assert_close(ours(*inputs), convolve(x, w, bias), rtol=1e-13, atol=1e-13)
    assert torch.autograd.gradcheck(ours, inputs)
    assert torch.autograd.gradgradcheck(ours, inputs)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: type(network).__name__)
@pytest.mark.parametrize("name", PENALTIES)
def test_every_penalty_of_every_network_is_the_same(name: str, network: object) -> None:
    """The penalty, and what it teaches each weight of D, in float64."""
    torch.manual_seed(0)
    d = network.discriminator(16, 3).double()
    for parameter in d.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.05)  # a block that ends in zeros would teach what is before it nothing
    d.eval()  # spectral norm takes a turn at every pass in training
    real, fake = (torch.rand(4, 3, 16, 16, dtype=torch.float64) * 2 - 1 for _ in range(2))

    def quick(pictures: Tensor) -> Tensor:
        with QuickTwice():
            return d(pictures)

    found = []
    for scores in (quick, d):
        d.zero_grad()
        value = PENALTIES[name](scores, real, fake, torch.Generator().manual_seed(0))
        value.backward()
        found.append([value.detach(), *(parameter.grad for parameter in d.parameters() if parameter.grad is not None)])
    assert len(found[0]) == len(found[1]) > 1
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13 * float(theirs.abs().max()))


@pytest.mark.parametrize("knobs", [{"dilation": 2}, {"padding": "same"}], ids=str)
def test_other_convolutions_are_left_to_torch(knobs: dict[str, object]) -> None:
    """Those that no network here has."""
    x, w = numbers(1, 2, 8, 8), numbers(2, 2, 3, 3)
    with QuickTwice():
        found = conv2d(x, w, **knobs)
    assert found.grad_fn.name() != "ConvolvedBackward"
    assert torch.equal(found, conv2d(x, w, **knobs))


def test_arguments_may_be_named_and_numbers_stand_for_both_sides() -> None:
    """As torch takes them."""
    x, w = numbers(1, 2, 8, 8), numbers(2, 2, 3, 3)
    with QuickTwice():
        found = conv2d(input=x, weight=w, stride=(2,), padding=[1])
    assert found.grad_fn.name() == "ConvolvedBackward"
    torch.testing.assert_close(found, conv2d(x, w, stride=2, padding=1), rtol=1e-13, atol=1e-13)


def test_kernels_that_nobody_asks_about_cost_nothing() -> None:
    """Where the slope of pictures alone is wanted, no kernel's is computed; afterwards it is again."""
    x, w = numbers(1, 2, 8, 8), numbers(2, 2, 3, 3)
    asked = []
    forward = Convolved.backward

    def watched(ctx: object, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        found = forward(ctx, *slopes)
        asked.append([part is not None for part in found])
        return found

    with pytest.MonkeyPatch.context() as patch, QuickTwice():
        patch.setattr(Convolved, "backward", staticmethod(watched))
        outputs = conv2d(x, w).sum()
        with of_maps_alone():
            torch.autograd.grad(outputs, x, retain_graph=True)
        outputs.backward()
    assert asked == [[True, False, False, False], [True, True, False, False]]


@pytest.mark.parametrize(("device", "fast", "quick"), [("cuda", True, True), ("cuda", False, False), ("cpu", True, False)])
def test_it_is_done_where_it_is_quicker(device: str, fast: bool, quick: bool) -> None:
    """On a GPU, unless all is to be computed as it is written down."""
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    game = Gan(network=TINY).learner(Setting(16, 3, 8, torch.device(device), torch.float32, fast))
    assert game.quick_twice == quick


def test_a_step_learns_the_same() -> None:
    """A step of D with a penalty, either way: the same loss, and a gradient as long, but for rounding."""
    ends = []
    for quick in (True, False):
        torch.manual_seed(0)
        game = Gan(network=replace(TINY, width=8)).learner(Setting(16, 3, 8, torch.device("cpu"), torch.float32))
        game.quick_twice = quick
        dice = torch.Generator().manual_seed(0)
        seen = game.step(Batch(torch.rand(8, 3, 16, 16, generator=dice) * 2 - 1, torch.arange(8), dice))
        ends.append([float(seen["loss_d"]), float(seen["gradient_d"])])
    assert ends[0] == pytest.approx(ends[1], rel=1e-5)
