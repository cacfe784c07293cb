"""Which pictures are the others' contrary: upside down where those are upright, a negative where those are none.

A set has an up if its pictures can be told from the same ones turned. So a linear discriminant (Fisher 1936) learns to do that,
from half of the set, of which the turned half is made; the pictures of the other half that look turned to it are suspects. Such a
suspect is set aside if, turned back, it is much nearer to the others than it is: nearer than any that is no suspect. Both are
tried on turned pictures first: where not most of them are found, as of ornaments, nothing is said of the set.

A kind of pictures of its own, white on black where most are black on white, is told from mistakes by its number alone: the more
there are, the nearer are they to each other. Of twenty in a hundred none is found; of five mistakes in a hundred, nearly all are,
and so are five that are meant.

Points are those of `duplicates.tangent`, of which what turns a picture, or makes a negative of it, is a matrix: nothing has to be
looked at again.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ganlib.pictures.strangers import square_distances

FEWEST = 200
#: How near a turned-back picture is to the others, as a share of how near it is as it is: at most, and as a share of the least of
#: those that are no suspects.
_NEARER, _BELOW = 0.8, 0.8
_NEIGHBOURS = 3  # the distance to the third: two copies say nothing of a set
_TRIED, _FOUND = 500, 0.8  # pictures that it is tried on; the share of them to be found
_MOST, _MISTAKES = 0.5, 0.1  # of the pictures that are no suspects; that are some in one way: where there is a right way
_REFERENCES = 20_000  # that distances are taken from
_STEADY = 0.02  # of the mean variance, that is added to each
_BLOCK, _NOTHING = 256, 1e-12


class Contrary(NamedTuple):
    """place: of the picture. nearer: how near it is to the others the other way round, as a share of how near it is as it is.
    threshold: below which it is their contrary."""

    place: int
    nearer: float
    threshold: float

    @property
    def aside(self) -> bool:
        """Whether it is their contrary."""
        return self.nearer < self.threshold


def contrary(points: Tensor, ways: Tensor) -> list[Contrary]:
    """Suspects, contraries first, each once: in the way in which it is most clearly one.

    points: float64 [N, D], in an order by lot. ways: orthogonal matrices [W, D, D] that make the contrary of a point, each in its
    way.
    """
    sides = torch.stack([_sides(points, way) for way in ways])
    others = (sides >= 0).all(0).nonzero().flatten()
    if len(others) < _MOST * len(points):
        return []
    best: dict[int, Contrary] = {}
    for suspect in (suspect for way, own in zip(ways, sides, strict=True) for suspect in _suspects(points, way, own < 0, others)):
        if suspect.place not in best or _clarity(suspect) < _clarity(best[suspect.place]):
            best[suspect.place] = suspect
    return sorted(best.values(), key=lambda suspect: (_clarity(suspect), suspect.place))


def _clarity(suspect: Contrary) -> float:
    return suspect.nearer / suspect.threshold


def _suspects(points: Tensor, way: Tensor, suspect: Tensor, others: Tensor) -> list[Contrary]:
    """None where the set has no such thing as a right way.

    suspect: which look contrary in this way, [N]. others: places of those that look so in no way. It is tried among those, as in
    a set in which nothing is turned. Suspects are compared with all, for where they are many they are no mistake, but a kind of
    their own.
    """
    suspects, whole, tried = suspect.nonzero().flatten(), torch.arange(len(points)), others[:_TRIED]
    if len(suspects) > _MISTAKES * len(points):
        return []
    made = points[tried] @ way.T
    threshold = min(_NEARER, _BELOW * float(_nearer(points[tried], tried, points, others, way).min()))
    found = (_sides_of(made, tried, points, way) < 0) & (_nearer(made, tried, points, others, way) < threshold)
    if float(found.double().mean()) < _FOUND:
        return []
    shares = _nearer(points[suspects], suspects, points, whole, way)
    return [Contrary(place, share, threshold) for place, share in zip(suspects.tolist(), shares.tolist(), strict=True)]


def _nearer(asked: Tensor, places: Tensor, points: Tensor, among: Tensor, way: Tensor) -> Tensor:
    """How near each of the asked is to some of the points if it is turned back, as a share of how near it is as it is, [Q]."""
    return _near(asked @ way, places, points, among) / _near(asked, places, points, among)


def _sides(points: Tensor, way: Tensor) -> Tensor:
    """On which side of the discriminant each point lies, [N]: above 0 where it looks like the set, below where contrary."""
    return _sides_of(points, torch.arange(len(points)), points, way)


def _sides_of(asked: Tensor, places: Tensor, points: Tensor, way: Tensor) -> Tensor:
    """The same of others, each by what was learned from the half of the set that its place is not in."""
    found = asked.new_empty(len(asked))
    for half in (0, 1):
        weights, middle = _discriminant(points[1 - half :: 2], way)
        own = places % 2 == half
        found[own] = (asked[own] - middle) @ weights
    return found


def _discriminant(points: Tensor, way: Tensor) -> tuple[Tensor, Tensor]:
    """Weights, [D], and the point in the middle between these points and their contraries, [D]."""
    mean = points.mean(0)
    centred = points - mean
    spread = centred.T @ centred / len(points)
    both = (spread + way @ spread @ way.T) / 2
    both += (_STEADY * both.trace() / len(both) + _NOTHING) * torch.eye(len(both), dtype=both.dtype)
    apart = mean - way @ mean
    return torch.linalg.solve(both, apart), mean - apart / 2


def _near(asked: Tensor, places: Tensor, points: Tensor, among: Tensor) -> Tensor:
    """How far each of the asked is from the third nearest of some points, that in the same place left out, [Q]."""
    among = among[:_REFERENCES]
    known = points[among]
    found = asked.new_empty(len(asked))
    for start in range(0, len(asked), _BLOCK):
        block = slice(start, start + _BLOCK)
        squares = square_distances(asked[block], known)
        squares[places[block, None] == among] = torch.inf
        found[block] = squares.kthvalue(_NEIGHBOURS, dim=1).values
    return found.clamp_min(_NOTHING).sqrt()
