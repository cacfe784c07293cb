"""Convolutions of stride 2 with 4 × 4 kernels for 9/16 of the products, where channels are many and numbers are float32 on a CPU.

With each 2 × 2 pixels side by side, as four times the channels, such a kernel is one of 2 × 2 without a stride. 2 × 2 outputs at
a time see 3 × 3 of these places, and a transform makes 9 products of them for each pair of channels, instead of 16 (Winograd
1980, F(2 × 2, 2 × 2)). Its weights are 1 and -1: sums are the same but for rounding, by no more than the library's own order.
"""

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor
from torch.nn.functional import pad

from ganlib.nets.winograd import by_tiles, portions

_SIDE, _OUT, _SEEN = 4, 2, 3  # of a kernel; of a tile of outputs; of what it sees, in places
_STRIDE = 2  # and so many pixels a place, along either side
_PAYING = (2**16, 2**23)  # pairs of channels, and of them with all tiles, with fewer of which transforms cost what they save
_PAYING_FOR_KERNEL = (2**13, 2**23)  # the same where libraries are less quick
_FEWEST = 64  # channels on either side
_TILES = 256  # at a time: they should stay near the processor


def pays(number: int, sides: Sequence[float], channels: Sequence[int]) -> bool:
    """Whether for `number` maps that have these sides where they are small, and such a kernel between so many channels."""
    return _enough(number, sides, channels, _PAYING)


def pays_for_kernel(number: int, sides: Sequence[float], channels: Sequence[int]) -> bool:
    """Whether for the gradient of that kernel."""
    return _enough(number, sides, channels, _PAYING_FOR_KERNEL)


def _enough(number: int, sides: Sequence[float], channels: Sequence[int], least: tuple[int, int]) -> bool:
    """Whether tiles come out even, and there is so much to do."""
    pairs, tiles = prod(channels), number * prod(sides) / _OUT**2
    even = not any(side % _OUT for side in sides)
    return even and min(channels) >= _FEWEST and pairs >= least[0] and pairs * tiles >= least[1]


def halved(large: Tensor, kernel: Tensor) -> Tensor:
    """Maps [N, I, 2H, 2W] with a kernel [O, I, 4, 4], stride 2, one pixel of zeros around: [N, O, H, W], H and W even."""
    number, _, *sides = large.shape
    shape = (number, len(kernel), *(side // _STRIDE for side in sides))
    outputs = torch.empty(shape, dtype=large.dtype, memory_format=torch.channels_last)
    weights = _transformed(kernel).transpose(1, 2)
    for some, those in zip(_of_large(large), _of_small(outputs), strict=True):
        _put_together(_seen(some) @ weights, those)
    return outputs


def doubled(small: Tensor, kernel: Tensor) -> Tensor:
    """The transpose: maps [N, O, H, W] with a kernel [O, I, 4, 4] to [N, I, 2H, 2W]."""
    number, _, *sides = small.shape
    shape = (number, kernel.shape[1], *(side * _STRIDE for side in sides))
    outputs = torch.empty(shape, dtype=small.dtype, memory_format=torch.channels_last)
    weights = _transformed(kernel)
    for some, those in zip(_of_small(small), _of_large(outputs), strict=True):
        _lay_over(_spread(some) @ weights, those)
    return outputs


def of_kernel(large: Tensor, small: Tensor) -> Tensor:
    """The kernel's gradient [O, I, 4, 4] of maps on either side of it, [N, I, 2H, 2W] and [N, O, H, W], one of them slopes."""
    products = large.new_zeros(_SEEN**2, small.shape[1], _STRIDE**2 * large.shape[1])
    for some, those in zip(_of_large(large), _of_small(small), strict=True):
        products.baddbmm_(_spread(those).transpose(1, 2), _seen(some))
    shape = small.shape[1], large.shape[1], _SIDE, _SIDE
    kernel = torch.empty(shape, dtype=large.dtype, memory_format=torch.channels_last)
    places = _kernel_by_places(kernel)
    _contract(products.view(_SEEN, _SEEN, *places.shape[2:]), places)
    return kernel


def _transformed(kernel: Tensor) -> Tensor:
    """A kernel [O, I, 4, 4] as 9 matrices [O, 4 · I]."""
    return _expanded(_kernel_by_places(kernel)).view(_SEEN**2, len(kernel), -1)


def _kernel_by_places(kernel: Tensor) -> Tensor:
    """A view of [O, I, 4, 4] as [2, 2, O, 2, 2, I]: columns and rows of places, and within each its rows and columns."""
    out, channels = kernel.shape[:2]
    return kernel.permute(0, 2, 3, 1).view(out, _OUT, _STRIDE, _OUT, _STRIDE, channels).permute(3, 1, 0, 2, 4, 5)


def _of_large(maps: Tensor) -> list[Tensor]:
    return portions(maps, _OUT * _STRIDE, _TILES)


def _of_small(maps: Tensor) -> list[Tensor]:
    return portions(maps, _OUT, _TILES)


def _seen(maps: Tensor) -> Tensor:
    """What each tile of outputs sees of maps [n, 2H, 2W, C], transformed along columns and rows: [9, tiles, 4 · C]."""
    number, height, width, channels = maps.shape
    down, across = height // (_OUT * _STRIDE), width // (_OUT * _STRIDE)
    around = _by_places(pad(maps, (0, 0, 1, 1, 1, 1)), 1)  # [3, 2, n, H / 2, 2W + 2, C]
    lines = maps.new_empty(_SEEN, _STRIDE, number, down, width + 2, channels)
    _see(around, lines)
    tiles = maps.new_empty(_SEEN, _SEEN, number, down, across, _STRIDE, _STRIDE, channels)
    _see(_by_places(lines, 4), tiles.permute(0, 6, 1, 5, 2, 3, 4, 7))
    return tiles.view(_SEEN**2, -1, _STRIDE**2 * channels)


def _by_places(maps: Tensor, along: int) -> Tensor:
    """A view of lines of pixels as what each tile sees of them: [3 places, 2 pixels, …], the line's axis now one of tiles."""
    windows = maps.unfold(along, _SEEN * _STRIDE, _OUT * _STRIDE).movedim(-1, 0)
    return windows.view(_SEEN, _STRIDE, *windows.shape[1:])


def _lay_over(products: Tensor, maps: Tensor) -> None:
    """The transpose of `_seen`: products [9, tiles, 4 · C] into maps [n, 2H, 2W, C], where tiles overlap the sum."""
    number, height, width, channels = maps.shape
    down, across = height // (_OUT * _STRIDE), width // (_OUT * _STRIDE)
    tiles = products.view(_SEEN, _SEEN, number, down, across, _STRIDE, _STRIDE, channels)
    lines = products.new_empty(_SEEN, _STRIDE, number, down, width // _STRIDE + 1, _STRIDE, channels)
    _be_seen(tiles.permute(0, 4, 1, 5, 2, 3, 6, 7), lines.movedim(4, 0))
    inner = lines.flatten(4, 5)[..., 1:-1, :]  # without the zeros around, here and below
    around = products.new_empty(number, height // _STRIDE + 1, _STRIDE, width, channels)
    _be_seen(inner.permute(0, 3, 2, 1, 4, 5), around.transpose(0, 1))
    maps.copy_(around.flatten(1, 2)[:, 1:-1])


def _put_together(products: Tensor, outputs: Tensor) -> None:
    """Products [9, tiles, C] transformed along columns and rows into outputs [n, H, W, C]."""
    targets = by_tiles(outputs, _OUT)
    _contract(products.view(_SEEN, _SEEN, *targets.shape[2:]), targets)


def _spread(slopes: Tensor) -> Tensor:
    """The transpose of `_put_together`: of slopes [n, H, W, C] those of the products, [9, tiles, C]."""
    return _expanded(by_tiles(slopes, _OUT)).view(_SEEN**2, -1, slopes.shape[-1])


def _contract(products: Tensor, to: Tensor) -> None:
    """Products [3, 3, …] to outputs [2, 2, …], and what is learnt of a transformed kernel to what is learnt of the kernel."""
    lines = products.new_empty(_OUT, *products.shape[1:])
    _sum_up(products, lines)
    _sum_up(lines.transpose(0, 1), to.transpose(0, 1))


def _expanded(weights: Tensor) -> Tensor:
    """A kernel's weights [2, 2, …] to what is multiplied, [3, 3, …]; and the transpose of `_contract`, which is the same."""
    lines = weights.new_empty(_SEEN, *weights.shape[1:])
    _hand_back(weights, lines)
    products = weights.new_empty(_SEEN, _SEEN, *weights.shape[2:])
    _hand_back(lines.transpose(0, 1), products.transpose(0, 1))
    return products


def _see(places: Tensor, to: Tensor) -> None:
    """Three places in a line, [3, …], to what is multiplied, [3, …]."""
    torch.sub(places[0], places[1], out=to[0])
    to[1].copy_(places[1])
    torch.sub(places[2], places[1], out=to[2])


def _be_seen(slopes: Tensor, to: Tensor) -> None:
    """The transpose of `_see` for all tiles in a line: [3, tiles, …] to places [2 · tiles + 1, …]; neighbours share one."""
    torch.sub(slopes[1], slopes[0], out=to[1::2]).sub_(slopes[2])
    to[:-1:2] = slopes[0]
    to[-1] = 0
    to[2::2] += slopes[2]


def _sum_up(products: Tensor, to: Tensor) -> None:
    """Three products in a line, [3, …], to two outputs, [2, …]."""
    torch.add(products[0], products[1], out=to[0])
    torch.add(products[1], products[2], out=to[1])


def _hand_back(slopes: Tensor, to: Tensor) -> None:
    """The transpose of `_sum_up`."""
    to[0] = slopes[0]
    torch.add(slopes[0], slopes[1], out=to[1])
    to[2] = slopes[1]
