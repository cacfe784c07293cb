"""Convolutions with 3 × 3 kernels for a quarter of the products, where channels are many and numbers are float32 on a CPU.

4 × 4 outputs at a time see 6 × 6 pixels. A transform along rows and columns turns a convolution of these into 36 products of
single numbers for each pair of channels, instead of 144 (Winograd 1980; for networks Lavin and Gray 2016, F(4 × 4, 3 × 3)). For
many channels these are 36 products of matrices. Sums are the same but for rounding: the transforms have weights up to 8, so that
float32 is off by up to 4e-6 of the outputs' norm, four to ten times as much as by the usual order, and a hundredth of TF32. In
bf16, with its 8 bits, it would be too much.
"""

from collections.abc import Sequence
from functools import cache
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import conv2d, pad

from ganlib.nets.twice import maps_alone

_SIDE, _OUT, _SEEN = 3, 4, 6  # of a kernel; of a tile of outputs; of what it sees
_MANY = 128  # channels on either side, with fewer of which transforms cost what they save
_SMALLEST = 8  # the side of maps below which too much of a tile lies beyond the edge
_FEWEST = 64  # tiles of all maps together, with fewer of which the products are too small
_TILES = 128  # at a time: they should stay near the processor
_PRECISE = (torch.float32, torch.float64)

#: What becomes of a kernel's line, [6, 3]: its value at the points 0, ±1, ±2 and infinity, with what the other transforms leave.
_KERNELS = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)


def convolved(maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """Maps [N, I, H, W] with a kernel [O, I, 3, 3], one pixel of zeros around: [N, O, H, W]."""
    if _pays(maps, kernel):
        outputs: Tensor = ByTiles.apply(maps, kernel, False)  # type: ignore[no-untyped-call]
        return outputs if bias is None else outputs.add_(bias[:, None, None])
    return conv2d(maps, kernel, bias, padding=1)


def _pays(maps: Tensor, kernel: Tensor) -> bool:
    if maps.dim() != 4:
        return False
    number, _, *sides = maps.shape
    whole = min(sides) >= _SMALLEST and not any(side % _OUT for side in sides)
    enough = number * prod(sides) >= _FEWEST * _OUT**2 and min(kernel.shape[:2]) >= _MANY
    return whole and enough and precise(maps)


def precise(maps: Tensor) -> bool:
    """Whether they are on a CPU and will be convolved in float32 or float64."""
    return maps.device.type == "cpu" and maps.dtype in _PRECISE and not torch.is_autocast_enabled("cpu")


class ByTiles(Function):
    """`convolved` without a bias, or transposed: linear in maps and kernel, and any number of times differentiable."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, kernel: Tensor, transposed: bool) -> Tensor:
        ctx.save_for_backward(maps, kernel)
        ctx.transposed = transposed
        weights = _transformed(kernel, transposed)
        shape = (len(maps), weights.shape[2], *maps.shape[2:])
        outputs = torch.empty(shape, dtype=maps.dtype, memory_format=torch.channels_last)
        for some, those in zip(_portions(maps), _portions(outputs), strict=True):
            _put_together(_seen(some) @ weights, those)
        return outputs

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (slope,), (maps, kernel), asked = slopes, ctx.saved_tensors, ctx.needs_input_grad
        ends = (slope, maps) if ctx.transposed else (maps, slope)
        return (
            ByTiles.apply(slope, kernel, not ctx.transposed) if asked[0] else None,  # type: ignore[no-untyped-call]
            KernelByTiles.apply(*ends) if asked[1] and not maps_alone() else None,  # type: ignore[no-untyped-call]
            None,
        )


class KernelByTiles(Function):
    """Maps [N, I, H, W] and the slopes of their outputs [N, O, H, W] to the slope of the kernel; linear in both."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, slopes: Tensor) -> Tensor:
        ctx.save_for_backward(maps, slopes)
        products = maps.new_zeros(_SEEN**2, slopes.shape[1], maps.shape[1])
        for some, those in zip(_portions(maps), _portions(slopes), strict=True):
            products.baddbmm_(_spread(those).transpose(1, 2), _seen(some))
        kernel = _onto(maps.dtype).T @ products.flatten(1)
        return kernel.view(_SIDE, _SIDE, slopes.shape[1], maps.shape[1]).permute(2, 3, 0, 1)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (slope,), (maps, outputs), asked = slopes, ctx.saved_tensors, ctx.needs_input_grad
        return (
            ByTiles.apply(outputs, slope, True) if asked[0] else None,  # type: ignore[no-untyped-call]
            ByTiles.apply(maps, slope, False) if asked[1] else None,  # type: ignore[no-untyped-call]
        )


@cache
def _onto(dtype: torch.dtype, turned: bool = False) -> Tensor:
    """[36, 9]: what becomes of a kernel's weights, columns before rows among the 36; of it by half a turn."""
    line = torch.tensor(_KERNELS, dtype=torch.float64)
    line = line.flip(1) if turned else line
    return torch.einsum("kb,la->klab", line, line).reshape(_SEEN**2, _SIDE**2).to(dtype)


def _transformed(kernel: Tensor, transposed: bool) -> Tensor:
    """A kernel [O, I, 3, 3] as 36 matrices [I, O], or [O, I] of the transposed convolution."""
    products = _onto(kernel.dtype, transposed) @ kernel.permute(0, 2, 3, 1).flatten(1, 2)  # [O, 36, I]
    return products.permute((1, 0, 2) if transposed else (1, 2, 0))


def _portions(maps: Tensor) -> list[Tensor]:
    return portions(maps, _OUT, _TILES)


def portions(maps: Tensor, side: int, tiles: int) -> list[Tensor]:
    """Maps [N, C, H, W] as [n, H, W, C], so many at a time as have `tiles` tiles of this side."""
    each = maps.shape[2] * maps.shape[3] // side**2
    return list(torch.split(maps.permute(0, 2, 3, 1), -(-tiles // each)))


def _seen(maps: Tensor) -> Tensor:
    """What each tile of outputs sees of maps [n, H, W, C], transformed along columns and rows: [36, tiles, C]."""
    around = pad(maps, (0, 0, 1, 1, 1, 1)).unfold(1, _SEEN, _OUT)
    rows = maps.new_empty(_SEEN, *around.shape[:-1])
    _see(around.unbind(-1), rows.unbind(0))
    across = rows.unfold(3, _SEEN, _OUT)
    tiles = maps.new_empty(_SEEN, *across.shape[:-1])
    _see(across.unbind(-1), tiles.unbind(0))
    return tiles.view(_SEEN**2, -1, maps.shape[-1])


def _put_together(products: Tensor, outputs: Tensor) -> None:
    """Products [36, tiles, C] transformed along columns and rows into outputs [n, H, W, C]."""
    targets = by_tiles(outputs, _OUT)
    columns = products.view(_SEEN, _SEEN, *targets.shape[2:])
    lines = columns.new_empty(_OUT, *columns.shape[1:])
    _sum_up(columns.unbind(0), lines.unbind(0))
    _sum_up(lines.unbind(1), targets.unbind(1))


def _spread(slopes: Tensor) -> Tensor:
    """The transpose of `_put_together`: of slopes [n, H, W, C] those of the products, [36, tiles, C]."""
    tiles = by_tiles(slopes, _OUT)
    columns = tiles.new_empty(_SEEN, *tiles.shape[1:])
    _hand_back(tiles.unbind(0), columns.unbind(0))
    products = tiles.new_empty(_SEEN, _SEEN, *tiles.shape[2:])
    _hand_back(columns.unbind(1), products.unbind(1))
    return products.view(_SEEN**2, -1, slopes.shape[-1])


def by_tiles(maps: Tensor, side: int) -> Tensor:
    """A view of maps [n, H, W, C] as [side, side, n, H / side, W / side, C], columns within a tile first, then its rows."""
    number, height, width, channels = maps.shape
    return maps.view(number, height // side, side, width // side, side, channels).permute(4, 2, 0, 1, 3, 5)


def _see(pixels: Sequence[Tensor], to: Sequence[Tensor]) -> None:
    """Six pixels in a line to what is multiplied."""
    torch.add(pixels[4], pixels[2], alpha=-5, out=to[0]).add_(pixels[0], alpha=4)
    even, odd = torch.add(pixels[4], pixels[2], alpha=-4), torch.add(pixels[3], pixels[1], alpha=-4)
    torch.add(even, odd, out=to[1])
    torch.sub(even, odd, out=to[2])
    torch.sub(pixels[4], pixels[2], out=even)
    torch.sub(pixels[3], pixels[1], out=odd)
    torch.add(even, odd, alpha=2, out=to[3])
    torch.sub(even, odd, alpha=2, out=to[4])
    torch.add(pixels[5], pixels[3], alpha=-5, out=to[5]).add_(pixels[1], alpha=4)


def _sum_up(products: Sequence[Tensor], to: Sequence[Tensor]) -> None:
    """Six products to four outputs in a line: ones at 0 and infinity, powers of the points 1, -1, 2 and -2."""
    near, far = products[1] + products[2], products[3] + products[4]
    torch.add(products[0], near, out=to[0]).add_(far)
    torch.add(near, far, alpha=4, out=to[2])
    torch.sub(products[1], products[2], out=near)
    torch.sub(products[3], products[4], out=far)
    torch.add(near, far, alpha=2, out=to[1])
    torch.add(near, far, alpha=8, out=to[3]).add_(products[5])


def _hand_back(slopes: Sequence[Tensor], to: Sequence[Tensor]) -> None:
    """The transpose of `_sum_up`."""
    to[0].copy_(slopes[0])
    even, odd = slopes[0] + slopes[2], slopes[1] + slopes[3]
    torch.add(even, odd, out=to[1])
    torch.sub(even, odd, out=to[2])
    torch.add(slopes[0], slopes[2], alpha=4, out=even)
    torch.add(slopes[1], slopes[3], alpha=4, out=odd)
    torch.add(even, odd, alpha=2, out=to[3])
    torch.sub(even, odd, alpha=2, out=to[4])
    to[5].copy_(slopes[3])
