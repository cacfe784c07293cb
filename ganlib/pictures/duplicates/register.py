"""Two views laid over each other: what is left of their difference once shift, stretch, brightness and contrast are taken out.

Gauss-Newton (Lucas and Kanade 1981) on many pairs at once: b is fitted as gain · a(shifted and stretched) + bias, on smooth maps,
from a quarter of the resolution to the whole. Brightness alone says where they lie; what is left is looked at in colours and
patch by patch, for two portraits may differ in nothing but their eyes, and signed, for what a JPEG or another size does to a
picture cancels out within a patch.
"""

import torch
from torch import Tensor

from ganlib.pictures.duplicates.smooth import averages, offsets, reduced, slopes

#: At which reductions pairs are fitted, one after the other, and how many turns on each.
_STAGES = ((4, 5), (2, 3), (1, 3))
#: Enough to see that most neighbours are no twins.
_ROUGHLY = ((4, 3), (2, 0))
_PATCH = 4  # pixels
#: A difference counts as it is where the contrast around it is typical; up to a third more where there is none, less where there
#: is much: a JPEG errs most beside strong edges, and eyes in a dark face differ by few levels.
_USUAL, _TYPICAL = 40.0, 10.0  # levels
_FARTHEST = torch.tensor([0.15, 0.15, 0.12, 0.12])  # shifts in halves of the side; stretches
_LEAST_GAIN = 0.4


def residuals(first: Tensor, second: Tensor) -> Tensor:
    """How different the views of each pair are: levels 0..255, float32 [P].

    first, second: [P, 3, H, W]. The same picture, shifted, stretched, brighter or paler, leaves a few levels at the worst of
    its patches.
    """
    return _fit(first, second, _STAGES)


def rough_residuals(first: Tensor, second: Tensor) -> Tensor:
    """The same on maps of half the resolution and in fewer turns: what is far apart here will be so there."""
    return _fit(first, second, _ROUGHLY)


def _fit(first: Tensor, second: Tensor, stages: tuple[tuple[int, int], ...]) -> Tensor:
    placing = torch.zeros(len(first), 4)
    for reduction, turns in stages:
        a, b = reduced(first, reduction), reduced(second, reduction)
        bright_a, bright_b = a.mean(1, keepdim=True), b.mean(1, keepdim=True)
        for _ in range(turns):
            placing = _step(bright_a, bright_b, placing)
    return _worst_patch(a, b, placing, reduction)


def _worst_patch(a: Tensor, b: Tensor, placing: Tensor, reduction: int) -> Tensor:
    moved, inside = _move(a, placing)
    left = _unexplained(moved, b, *_tone(moved, b, inside)) * inside
    size = _PATCH // reduction
    patches = averages(left, size, size // 2).abs().mean(1)
    contrast = torch.maximum(_contrast(moved, size), _contrast(b, size))
    return (patches * _USUAL / (_USUAL - _TYPICAL + contrast)).flatten(1).amax(1)


def _contrast(levels: Tensor, size: int) -> Tensor:
    """Standard deviation, mean of the channels, in a window twice as large around each patch: [P, h, w]."""
    mean, square = averages(torch.cat([levels, levels**2]), 2 * size, size // 2, size // 2).chunk(2)
    return (square - mean**2).clamp_min(0).sqrt().mean(1)


def _step(a: Tensor, b: Tensor, placing: Tensor) -> Tensor:
    """A better placing, [P, 4]: shift x and y, stretch x and y. Least squares for its change, gain and bias."""
    moved, inside = _move(a, placing)
    half, side = a.shape[-1] / 2, offsets(a.shape[-1])
    along_x, along_y = (slope * half for slope in slopes(moved))  # a unit of placing is half a side
    columns = torch.stack([along_x, along_y, along_x * side, along_y * side[:, None], moved, torch.ones_like(moved)], dim=1)
    columns = (columns * inside[:, None]).flatten(2)
    target = (b * inside).flatten(1)
    normal = columns @ columns.transpose(1, 2)
    ridge = 1e-5 * normal.diagonal(dim1=1, dim2=2).clamp_min(1.0)
    solution = torch.linalg.solve(normal + torch.diag_embed(ridge), (columns @ target[:, :, None]).squeeze(2))
    gain = solution[:, 4:5].clamp_min(_LEAST_GAIN)
    return torch.clamp(placing + solution[:, :4] / gain, -_FARTHEST, _FARTHEST)


def _move(a: Tensor, placing: Tensor) -> tuple[Tensor, Tensor]:
    """`a` shifted and stretched; and [P, 1, H, W]: 1 where it shows what was well inside of it, else 0."""
    side = a.shape[-1]
    down, across = (offsets(side) * (1 + placing[:, 2 + axis, None]) + placing[:, axis, None] for axis in (1, 0))
    inside_down, inside_across = ((place.abs() <= 1 - 2 / side).float() for place in (down, across))
    moved = _sampling(down) @ a @ _sampling(across).transpose(2, 3)
    return moved, (inside_down[:, :, None] * inside_across[:, None])[:, None]


def _sampling(places: Tensor) -> Tensor:
    """[P, 1, H, H]: linear interpolation at places [P, H] from -1 to 1, as a matrix; what is beyond the edge repeats it."""
    side = places.shape[1]
    pixels = (((places + 1) * side - 1) / 2).clamp(0, side - 1)
    return (1 - (pixels[:, :, None] - torch.arange(side)).abs()).clamp_min(0)[:, None]


def _tone(a: Tensor, b: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """Gain and bias, [P, 1, 1, 1] each, from the pixels that neither of the two has clipped, or else from all."""
    clear = inside * ((a > 3) & (a < 252) & (b > 3) & (b < 252)).all(1, keepdim=True)
    few = clear.sum((1, 2, 3), keepdim=True) < 0.02 * inside[0].numel()
    weight = torch.where(few, inside, clear).expand_as(a)
    total = weight.sum((1, 2, 3), keepdim=True).clamp_min(1)
    mean_a, mean_b = ((weight * levels).sum((1, 2, 3), keepdim=True) / total for levels in (a, b))
    over = (weight * (a - mean_a) * (b - mean_b)).sum((1, 2, 3), keepdim=True)
    under = (weight * (a - mean_a) ** 2).sum((1, 2, 3), keepdim=True)
    gain = (over / under.clamp_min(1e-3)).clamp(_LEAST_GAIN, 1 / _LEAST_GAIN)
    return gain, mean_b - gain * mean_a


def _unexplained(a: Tensor, b: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """b - (gain · a + bias), clipped to levels; always from the paler of the two to the stronger, which may have been clipped."""
    forth = (gain * a + bias).clamp(0, 255) - b
    back = ((b - bias) / gain).clamp(0, 255) - a
    return torch.where(gain >= 1, forth, back)
