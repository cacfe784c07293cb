"""A convolution as a network learns it, out and back."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from bench.claim import Contest, expect_close
from ganlib.nets.strided import halved
from ganlib.nets.winograd import convolved

_PICTURES, _CHANNELS, _SIDE = 64, 256, 16

_Convolve = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def by_tiles() -> Contest:
    """3 × 3 on 64 maps of 256 channels and 16 × 16 pixels, as in SNGAN's G: outputs and both gradients."""
    return _contest(3, convolved, partial(conv2d, padding=1))


def halved_by_tiles() -> Contest:
    """4 × 4, by which the side is halved, on the same maps."""
    return _contest(4, partial(halved, learning=True), partial(conv2d, stride=2, padding=1))


def _contest(width: int, *ways: _Convolve) -> Contest:
    """Ours and the library's, with kernels so wide."""
    ours, theirs = (_out_and_back(way, width) for way in ways)
    for mine, other in zip(ours(), theirs(), strict=True):
        expect_close("a convolution", float((mine - other).norm() / other.norm()), 1e-5)
    return Contest(theirs, ours, "outputs and both gradients", counted=False)


def _out_and_back(convolve: _Convolve, width: int) -> Callable[[], list[Tensor]]:
    dice = torch.Generator().manual_seed(0)
    shapes = ((_PICTURES, _CHANNELS, _SIDE, _SIDE), (_CHANNELS, _CHANNELS, width, width))
    maps, kernel = (
        torch.randn(shape, generator=dice).contiguous(memory_format=torch.channels_last).requires_grad_() for shape in shapes
    )

    def work() -> list[Tensor]:
        outputs = convolve(maps, kernel, None)
        return [outputs.detach(), *torch.autograd.grad(outputs, (maps, kernel), outputs.detach())]

    return work
