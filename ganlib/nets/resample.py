"""Convolutions together with the doubling before, or the halving after them: the same function for 4/9 of the products.

Both pairs are linear, so each is one convolution. After nearest-neighbour doubling a 3 × 3 kernel sees only 2 × 2 different
pixels: together they are a transposed convolution of stride 2 whose 4 × 4 kernel holds sums of the 3 × 3 one's weights. The mean
of 2 × 2 outputs of a 3 × 3 kernel is a convolution of stride 2 whose 4 × 4 kernel holds quarters of such sums. What lies beyond
the edge is zero in either way of computing, so the edges are the same, too.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganlib.nets.strided import Doubling, Halving, doubled, halved
from ganlib.nets.winograd import convolved


class Conv3x3(nn.Conv2d):
    """A 3 × 3 convolution that keeps the side. plain: compute step by step, as it is written down.

    Only in training by tiles: else a picture's bits would depend on how many are drawn at a time.
    """

    def __init__(self, channels: int, out: int, bias: bool = True) -> None:
        super().__init__(channels, out, 3, padding=1, bias=bias)
        self.plain = False

    def forward(self, maps: Tensor) -> Tensor:
        by_tiles = self.training and not self.plain
        return convolved(maps, self.weight, self.bias) if by_tiles else super().forward(maps)


class ConvAfterDoubling(Conv3x3):
    """Maps [N, I, H, W] to [N, O, 2H, 2W]: doubled by nearest neighbour, then convolved."""

    def forward(self, maps: Tensor) -> Tensor:
        if self.plain:
            return super().forward(interpolate(maps, scale_factor=2, mode="nearest"))
        return doubled(maps, _spread(self.weight.transpose(0, 1), turned=True), self.bias, self.training)


class ConvBeforeHalving(Conv3x3):
    """Maps [N, I, H, W] to [N, O, H/2, W/2], H and W even: convolved, then the mean over each 2 × 2."""

    def forward(self, maps: Tensor) -> Tensor:
        if self.plain:
            return avg_pool2d(super().forward(maps), 2)
        return halved(maps, _spread(self.weight) / 4, self.bias, self.training)


def compute_plainly(module: nn.Module, plain: bool) -> None:
    """Have every such convolution, and every strided one, within `module` computed step by step, or no longer."""
    for layer in module.modules():
        if isinstance(layer, (Conv3x3, Halving, Doubling)):
            layer.plain = plain


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """A block in which numbers keep their type; not every kind of device knows of any other."""
    return torch.autocast(device.type, enabled=False) if torch.amp.is_autocast_available(device.type) else nullcontext()


def _spread(kernels: Tensor, turned: bool = False) -> Tensor:
    """Kernels [O, I, 3, 3] summed over 2 × 2 neighbours, zeros around: [O, I, 4, 4], channels innermost in memory.

    turned: by half a turn first. As one product, for a third of the time that slices take; in float32 under autocast, too.
    """
    out, channels = kernels.shape[:2]
    with without_autocast(kernels.device):
        spread = _sums(turned, kernels.device, kernels.dtype) @ kernels.permute(0, 2, 3, 1).reshape(out, 9, channels)
    return spread.view(out, 4, 4, channels).permute(0, 3, 1, 2)


@lru_cache
def _sums(turned: bool, device: torch.device, dtype: torch.dtype) -> Tensor:
    """[16, 9]: 1 where a weight of the 3 × 3 kernel is within a weight of the 4 × 4 one. Made once, or a GPU would wait."""
    line = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=dtype)
    return torch.kron(*(2 * [line.flip(1) if turned else line])).to(device)
