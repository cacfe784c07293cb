"""A convolution as a network learns it, out and back."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from bench.claim import Contest, expect_close
from ganlib.nets.winograd import convolved

_PICTURES, _CHANNELS, _SIDE = 64, 256, 16


def by_tiles() -> Contest:
    """3 × 3 on 64 maps of 256 channels and 16 × 16 pixels, as in SNGAN's G: outputs and both gradients."""
    ours, theirs = (_out_and_back(way) for way in (convolved, _by_the_library))
    for mine, other in zip(ours(), theirs(), strict=True):
        expect_close("a convolution", float((mine - other).norm() / other.norm()), 1e-5)
    return Contest(theirs, ours, "outputs and both gradients", counted=False)


def _by_the_library(maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    return conv2d(maps, kernel, bias, padding=1)


def _out_and_back(convolve: Callable[[Tensor, Tensor, Tensor | None], Tensor]) -> Callable[[], list[Tensor]]:
    dice = torch.Generator().manual_seed(0)
    shapes = ((_PICTURES, _CHANNELS, _SIDE, _SIDE), (_CHANNELS, _CHANNELS, 3, 3))
    maps, kernel = (
        torch.randn(shape, generator=dice).contiguous(memory_format=torch.channels_last).requires_grad_() for shape in shapes
    )

    def work() -> list[Tensor]:
        outputs = convolve(maps, kernel, None)
        return [outputs.detach(), *torch.autograd.grad(outputs, (maps, kernel), outputs.detach())]

    return work
