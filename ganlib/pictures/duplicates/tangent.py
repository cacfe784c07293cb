"""Nearest neighbours by tangent distance (Simard et al. 1993), which shifts and crops hardly change.

A view becomes a point x: its smooth, reduced levels without their mean and of length 1, so that brightness and contrast do not
count, in the coarsest waves of its brightness and of its colours. Around it lies the plane of what small shifts and enlargements
make of it, and more light where white swallows it, spanned by four tangents T. The distance of y from x is that of y from this
plane: |y - x|² less what the plane explains of it. Nothing of this depends on other pictures, so that a descriptor can be kept.
"""

from functools import lru_cache

import torch
from torch import Tensor

from ganlib.pictures.decode import Pixels
from ganlib.pictures.duplicates.smooth import averages, maps, offsets, reduced, slopes

_SIDE = 16  # pixels of the reduced maps
_WAVES = (80, 8, 8)  # of brightness, of each of two differences between colours
_EDGE = 1  # pixels of the reduced maps, where a crop takes away what nobody knows
DIMENSIONS = sum(_WAVES)
TANGENTS = 4
_NOTHING = 1e-3  # of a point's length
_WHITE = 250  # levels from which on more light changes nothing


def describe(views: Pixels) -> Tensor:
    """The descriptors, float32 [N, 5, D], of views uint8 [N, 64, 64, 3]: a point, and four tangents, mostly orthonormal."""
    bright = maps(views)
    levels, swallowed = reduced(bright, 2), reduced(bright * (bright >= _WHITE), 2)
    along_x, along_y = slopes(levels)
    side = offsets(levels.shape[-1])
    moves = [along_x, along_y, along_x * side + along_y * side[:, None], swallowed]
    points = averages(levels, 2, 2).flatten(1)
    points = points - points.mean(1, keepdim=True)
    lengths = points.norm(dim=1, keepdim=True).clamp_min(1e-6)
    points = points / lengths
    tangents = torch.stack([averages(move, 2, 2).flatten(1) / lengths for move in moves], dim=1)
    tangents = tangents - points[:, None] * (tangents @ points[:, :, None])
    waves, _ = _waves()
    frames, lengths = torch.linalg.qr((tangents @ waves).transpose(1, 2))
    spanned = lengths.diagonal(dim1=1, dim2=2).abs() > _NOTHING  # a picture without white has no fourth tangent
    return torch.cat([(points @ waves)[:, None], frames.transpose(1, 2) * spanned[:, :, None]], dim=1)


def mirrored(descriptors: Tensor) -> Tensor:
    """Those of the same views, the left to the right. Of tangents only their plane is."""
    return descriptors * _waves()[1]


def turns() -> Tensor:
    """The six ways to turn a view, or to turn and mirror it, other than to mirror it: [6, D, D].

    Each is a matrix that makes of a point that of the view so turned: for every wave there is the one that goes across as it goes
    down. The first two turn nothing by a quarter.
    """
    waves = _chosen()
    crossed = torch.zeros(DIMENSIONS, DIMENSIONS)
    crossed[torch.arange(DIMENSIONS), torch.tensor([waves.index((hue, across, down)) for hue, down, across in waves])] = 1.0
    upside_down, mirrored = (torch.diag(1 - 2.0 * (torch.tensor([wave[axis] for wave in waves]) % 2)) for axis in (1, 2))
    signs = (torch.eye(DIMENSIONS), upside_down, mirrored, upside_down @ mirrored)
    return torch.stack([upside_down, upside_down @ mirrored, *(sign @ crossed for sign in signs)])


@lru_cache
def _brightness() -> Tensor:
    """[waves of brightness, pixels]: what each is at the pixels of a reduced map that are not at its edge."""
    inside = slice(_EDGE, _SIDE - _EDGE)
    maps = _waves()[0].T[: _WAVES[0]].reshape(-1, 3, _SIDE, _SIDE).mean(1)
    return maps[:, inside, inside].flatten(1).contiguous()


@lru_cache
def _chosen() -> list[tuple[int, int, int]]:
    """Of each dimension its colour, of which there are three, and how often its wave goes up and down from top to bottom, and
    from left to right, in halves."""
    order = sorted(((down, across) for down in range(_SIDE) for across in range(_SIDE)), key=lambda w: (w[0] ** 2 + w[1] ** 2, w))
    return [(colour, *wave) for colour, count in zip((0, 1, 2), _WAVES, strict=True) for wave in order[colour == 0 :][:count]]


@lru_cache
def _waves() -> tuple[Tensor, Tensor]:
    """[3 · 16 · 16, D]: the discrete cosine transform's coarsest waves but for the mean, in orthogonal colours, orthonormal.

    And [D]: -1 for those that a mirror turns round, 1 for the others.
    """
    steps = torch.arange(_SIDE, dtype=torch.float64)
    cosines = torch.cos((2 * steps + 1) * steps[:, None] * torch.pi / (2 * _SIDE))
    cosines /= cosines.norm(dim=1, keepdim=True)
    colours = torch.tensor([[1, 1, 1], [1, -1, 0], [1, 1, -2]], dtype=torch.float64)
    colours /= colours.norm(dim=1, keepdim=True)
    waves = [
        (colours[hue][:, None, None] * cosines[down][:, None] * cosines[across]).flatten() for hue, down, across in _chosen()
    ]
    signs = [1.0 - 2.0 * (across % 2) for _, _, across in _chosen()]
    return torch.stack(waves, dim=1).float(), torch.tensor(signs)


def worst_of_pairs(queries: Tensor, points: Tensor) -> Tensor:
    """What the tangent plane of each query [P, 5, D] leaves of the point [P, D] at the same place, where it leaves most: [P].

    Of brightness alone, and not at the edge. Two portraits that differ in nothing but their mouths are near each other all in
    all, but not there.
    """
    apart = points - queries[:, 0]
    explained = (queries[:, 1:] @ apart[:, :, None]).transpose(1, 2) @ queries[:, 1:]
    return ((apart - explained.squeeze(1))[:, : _WAVES[0]] @ _brightness()).abs().amax(1)


def squared_distances(queries: Tensor, points: Tensor) -> Tensor:
    """Of the tangent plane of every query [Q, 5, D] from every point [N, D]: [Q, N]."""
    own, *tangents = queries.unbind(1)
    apart = torch.addmm((own**2).sum(1, keepdim=True) + (points**2).sum(1), own, points.T, alpha=-2)
    for tangent in tangents:
        explained = torch.addmm(-(tangent * own).sum(1, keepdim=True), tangent, points.T)
        apart.addcmul_(explained, explained, value=-1)
    return apart.clamp_min_(0)


def squared_distances_of_pairs(queries: Tensor, points: Tensor) -> Tensor:
    """Of the tangent plane of each query [P, 5, D] from the point [P, D] at the same place: [P]."""
    apart = points - queries[:, 0]
    explained = (queries[:, 1:] @ apart[:, :, None]).squeeze(2)
    return ((apart**2).sum(1) - (explained**2).sum(1)).clamp_min(0)
