"""Two views laid over each other: what is left of their difference once shift, stretch, brightness and contrast are taken out.

Gauss-Newton (Lucas and Kanade 1981) on many pairs at once: b is fitted as gain · a(shifted and stretched) + bias, on smooth maps,
from a quarter of the resolution to the whole. Brightness alone says where they lie; what is left is looked at in colours and
patch by patch, for two portraits may differ in nothing but their eyes, and signed, for what a JPEG or another size does to a
picture cancels out within a patch; a colour counts for half, for a JPEG spoils it most. How what is left is spread tells, too: a
copy errs a little at every edge, where a portrait with another mouth differs there and nowhere else, and one with darker hair all
over a large patch.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from ganlib.pictures.duplicates.smooth import averages, offsets, reduced, slopes

_Stages = tuple[tuple[int, int], ...]
#: At which reductions pairs are fitted, one after the other, and how many turns on each.
_STAGES = ((4, 5), (2, 3), (1, 1))
#: Enough to see that most neighbours are no twins.
_ROUGHLY = ((4, 4), (2, 1))
_PATCH, _LARGE = 4, 16  # pixels
_TYPICALLY, _NOTHING = 0.75, 0.3  # the quantile of patches that the worst is compared with; levels that are none
#: A difference counts as it is where the contrast around it is typical; up to a third more where there is none, less where there
#: is much: a JPEG errs most beside strong edges, and eyes in a dark face differ by few levels.
_USUAL, _TYPICAL = 40.0, 10.0  # levels
_FARTHEST = torch.tensor([0.15, 0.15, 0.12, 0.12])  # shifts in halves of the side; stretches
_LEAST_GAIN = 0.4
_DARKEST, _BRIGHTEST = 2, 253  # levels beyond which nothing is known
#: Standard deviations: of errors, in levels; of what to expect of gains, and of biases, in levels.
_ERROR, _GAINS, _BIASES, _GREAT_BIASES = 3.0, 0.3, 6.0, 60.0
_VARIED = 20.0  # levels of standard deviation, without which a great bias would explain anything
_GREATEST = 72.0  # levels of bias
_EXPLAINED = 0.25  # of the squares that a small bias leaves, that a great one may leave to be believed
_COLOUR = 0.5  # what a difference in colour counts for, beside one in brightness
_EDGE = 2  # pixels of the reduced maps


def residuals(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """How different the views of each pair are, float32 [P, 3]: with the first laid over the second, and the other way.

    first, second: [P, 3, H, W]. In levels 0..255: at the worst of small patches, where the same picture, shifted, stretched,
    brighter or paler, leaves a few; at the worst of large ones. Between them: how many times the typical patch the worst is.
    """
    one, other = _smoothed(first, _STAGES), _smoothed(second, _STAGES)
    return _measured(one, other), _measured(other, one)


def rough_residuals(first: Tensor, second: Tensor) -> Tensor:
    """The worst of small patches, [P], on maps of half the resolution, in fewer turns: what is far apart here is so there.

    But for the edge, where smooth maps know nothing of what a crop took away.
    """
    return _fit(_smoothed(first, _ROUGHLY), _smoothed(second, _ROUGHLY), _ROUGHLY, _EDGE)[1].amax(1)


class _Smoothed(NamedTuple):
    """One of the two views of each pair. levels: as they are, [P, C, H, W]. bright: smooth, at each stage, [P, 1, h, h]. smooth,
    clipped: its colours, and where they are as dark or as bright as there is, at the last stage, [P, C, h, h], [P, 1, h, h]."""

    levels: Tensor
    bright: list[Tensor]
    smooth: Tensor
    clipped: Tensor


def _smoothed(levels: Tensor, stages: _Stages) -> _Smoothed:
    *before, (last, _) = stages
    grey, smooth = levels.mean(1, keepdim=True), reduced(levels, last)
    bright = [*(reduced(grey, reduction) for reduction, _ in before), smooth.mean(1, keepdim=True)]
    return _Smoothed(levels, bright, smooth, reduced(_clipped(levels), last))


def _measured(first: _Smoothed, second: _Smoothed) -> Tensor:
    left, patches = _fit(first, second, _STAGES)
    worst = patches.amax(1)
    typical = patches.kthvalue(int(_TYPICALLY * patches.shape[1]), dim=1).values.clamp_min(_NOTHING)
    return torch.stack([worst, worst / typical, averages(left, _LARGE, 2).abs().mean(1).flatten(1).amax(1)], dim=1)


def _fit(first: _Smoothed, second: _Smoothed, stages: _Stages, edge: int = 1) -> tuple[Tensor, Tensor]:
    """What is left where one lies on the other, [P, C, h, h], and of its small patches [P, patches]."""
    placing = torch.zeros(len(first.levels), 4)
    for (_, turns), a, b in zip(stages, first.bright, second.bright, strict=True):
        for _ in range(turns):
            placing = _step(a, b, placing)
    reduction = stages[-1][0]
    moved, b, inside = _moved(first.smooth, placing), second.smooth, _inside(placing, first.smooth.shape[-1], edge)
    gain, bias = _tone(moved, b, inside, _moved(first.clipped, placing) + second.clipped)
    # From the paler of the two to the stronger, which may have been clipped: before it was made smooth.
    forth = gain >= 1
    scale, shift = torch.where(forth, gain, 1 / gain), torch.where(forth, bias, -bias / gain)
    shown = (torch.where(forth, first.levels, second.levels) * scale).add_(shift).clamp_(0, 255)
    shown = reduced(shown, reduction)
    left = _paled((torch.where(forth, _moved(shown, placing), shown).sub_(torch.where(forth, b, moved))).mul_(inside))
    return left, _patches(left, torch.maximum(*(_contrast(one, _PATCH // reduction) for one in (moved, b))), _PATCH // reduction)


def _paled(left: Tensor) -> Tensor:
    """With half of its colour: of that, a JPEG keeps a quarter of the pixels, and those coarsely."""
    return torch.lerp(left.mean(1, keepdim=True), left, _COLOUR)


def _patches(left: Tensor, contrast: Tensor, size: int) -> Tensor:
    """What is left in patches of `size` pixels, each as its contrast [P, h, w] lets it count: [P, patches]."""
    patches = averages(left, size, size // 2).abs().mean(1)
    return (patches * _USUAL / (_USUAL - _TYPICAL + contrast)).flatten(1)


def _contrast(levels: Tensor, size: int) -> Tensor:
    """Standard deviation, mean of the channels, in a window twice as large around each patch: [P, h, w]."""
    mean, square = (averages(some, 2 * size, size // 2, size // 2) for some in (levels, levels**2))
    return (square - mean**2).clamp_min(0).sqrt().mean(1)


def _step(a: Tensor, b: Tensor, placing: Tensor) -> Tensor:
    """A better placing, [P, 4]: shift x and y, stretch x and y. Least squares for its change, gain and bias."""
    moved, inside = _moved(a, placing), _inside(placing, a.shape[-1])
    half, side = a.shape[-1] / 2, offsets(a.shape[-1])
    columns = torch.empty(len(a), 7, *a.shape[2:])  # written in place: passes over memory are what this costs
    along_x, along_y, stretch_x, stretch_y, level, one, target = columns.chunk(7, dim=1)
    for slope, along in zip(slopes(moved), (along_x, along_y), strict=True):
        torch.mul(slope, inside * half, out=along)  # a unit of placing is half a side
    torch.mul(along_x, side, out=stretch_x)
    torch.mul(along_y, side[:, None], out=stretch_y)
    torch.mul(moved, inside, out=level)
    one.copy_(inside)
    torch.mul(b, inside, out=target)
    products = columns.flatten(2) @ columns.flatten(2).transpose(1, 2)
    normal = products[:, :6, :6]
    ridge = 1e-5 * normal.diagonal(dim1=1, dim2=2).clamp_min(1.0)
    solution = torch.linalg.solve(normal + torch.diag_embed(ridge), products[:, :6, 6])
    gain = solution[:, 4:5].clamp_min(_LEAST_GAIN)
    return torch.clamp(placing + solution[:, :4] / gain, -_FARTHEST, _FARTHEST)


def _moved(a: Tensor, placing: Tensor) -> Tensor:
    """`a` shifted and stretched."""
    down, across = _places(placing, a.shape[-1])
    return _sampling(down) @ a @ _sampling(across).transpose(2, 3)


def _inside(placing: Tensor, side: int, edge: int = 1) -> Tensor:
    """[P, 1, H, W]: 1 where what was well inside of one lies well inside of the other, else 0. edge: pixels that are not."""
    well = offsets(side).abs() <= 1 - 2 * edge / side
    down, across = ((places.abs() <= 1 - 2 * edge / side) & well for places in _places(placing, side))
    return (down[:, :, None] & across[:, None])[:, None].float()


def _places(placing: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """From where each row, and each column, is taken: [P, side] each, from -1 to 1."""
    down, across = (offsets(side) * (1 + placing[:, 2 + axis, None]) + placing[:, axis, None] for axis in (1, 0))
    return down, across


def _sampling(places: Tensor) -> Tensor:
    """[P, 1, H, H]: linear interpolation at places [P, H] from -1 to 1, as a matrix; what is beyond the edge repeats it."""
    side = places.shape[1]
    pixels = (((places + 1) * side - 1) / 2).clamp(0, side - 1)
    return (1 - (pixels[:, :, None] - _numbers(side)).abs()).clamp_min(0)[:, None]


@lru_cache
def _numbers(side: int) -> Tensor:
    return torch.arange(side, dtype=torch.float32)


def _clipped(levels: Tensor) -> Tensor:
    """1 where a channel is as dark or as bright as there is, else 0: [P, 1, H, W]."""
    return ((levels <= _DARKEST) | (levels >= _BRIGHTEST)).any(1, keepdim=True).float()


def _tone(a: Tensor, b: Tensor, inside: Tensor, clipped: Tensor) -> tuple[Tensor, Tensor]:
    """Gain and bias, [P, 1, 1, 1] each, from those pixels that show least of what either has `clipped` [P, 1, H, W].

    A great bias, which less contrast or another gamma make, is believed only where it explains most of what a small one leaves of
    more than one level: else it would make ink on any ground look like ink on any other; and only so far, for with two levels any
    gain and bias explain everything. So are all pixels, for where a picture is black and white from the start nothing of it was
    clipped.
    """
    weight = inside
    for much, enough in ((1.0, 0.02), (0.02, 0.1)):
        clear = inside * (clipped < much)
        weight = torch.where(clear.sum((1, 2, 3), keepdim=True) < enough * inside[0].numel(), weight, clear)
    means, everywhere = _means(a, b, weight), _means(a, b, inside)
    small, great, whole = _likeliest(means, _BIASES), _likeliest(means, _GREAT_BIASES), _likeliest(everywhere, _GREAT_BIASES)
    explained = _error(means, *great) <= _EXPLAINED * _error(means, *small)
    tone = _better(explained & _believable(means, *great), great, small)
    explained = _left(a, b, inside, whole) <= _EXPLAINED * _left(a, b, inside, tone)
    return _better(explained & _believable(everywhere, *whole), whole, tone)


def _better(believed: Tensor, one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return torch.where(believed, one[0], other[0]), torch.where(believed, one[1], other[1])


def _left(a: Tensor, b: Tensor, inside: Tensor, tone: tuple[Tensor, Tensor]) -> Tensor:
    """The square, [P, 1, 1, 1], of what is left where the paler of the two becomes the stronger, which may be clipped."""
    gain, bias = tone
    left = torch.where(gain >= 1, (gain * a + bias).clamp(0, 255) - b, ((b - bias) / gain).clamp(0, 255) - a)
    return (left**2 * inside).sum((1, 2, 3), keepdim=True)


class _Means(NamedTuple):
    """Of levels a and b, their squares and their product, [P, 1, 1, 1] each."""

    a: Tensor
    b: Tensor
    aa: Tensor
    ab: Tensor
    bb: Tensor


def _means(a: Tensor, b: Tensor, weight: Tensor) -> _Means:
    total = a.shape[1] * weight.sum((1, 2, 3), keepdim=True).clamp_min(1)
    weighed, weights = (a * weight).flatten(1), weight.expand_as(a).flatten(1)
    pairs = ((weights, a), (weights, b), (weighed, a), (weighed, b), ((b * weight).flatten(1), b))
    sums = (torch.bmm(one[:, None], levels.flatten(1)[:, :, None]) for one, levels in pairs)
    return _Means(*(found[..., None] / total for found in sums))


def _believable(means: _Means, gain: Tensor, bias: Tensor) -> Tensor:
    """Whether there is more than one level, and the bias, from the stronger of the two to the paler, is not too great."""
    varied = torch.minimum(means.aa - means.a**2, means.bb - means.b**2) >= _VARIED**2
    return varied & (torch.where(gain >= 1, bias / gain, bias).abs() <= _GREATEST)


def _likeliest(means: _Means, biases: float) -> tuple[Tensor, Tensor]:
    """Gain and bias where both and what they leave are normal, these with the standard deviation `biases`.

    Where all is of one level, as in ink on a plain ground, least squares would make a gain of the noise.
    """
    # [[aa + steady, a], [a, 1 + still]] [gain - 1, bias] = [ab - aa, b - a]
    steady, still = (_ERROR / _GAINS) ** 2, 1 + (_ERROR / biases) ** 2
    under = (means.aa + steady) * still - means.a**2
    over = (means.ab - means.aa) * still - means.a * (means.b - means.a)
    gain = (1 + over / under).clamp(_LEAST_GAIN, 1 / _LEAST_GAIN)
    return gain, (means.b - gain * means.a) / still


def _error(means: _Means, gain: Tensor, bias: Tensor) -> Tensor:
    """The mean square of gain · a + bias - b."""
    crossed = gain * (bias * means.a - means.ab) - bias * means.b
    return (gain**2 * means.aa + means.bb + bias**2 + 2 * crossed).clamp_min(0)
