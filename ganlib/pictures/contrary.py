"""Which pictures are the others' contrary: upside down where those are upright, a negative where those are none.

A set has an up if its pictures can be told from the same ones turned. So a linear discriminant (Fisher 1936) learns to do that,
from half of the set, of which the turned half is made; the pictures of the other half that look turned to it are suspects. Such a
suspect is set aside if, turned back, it is much nearer to the others than it is: nearer than any that is no suspect or, where
that asks too much, than nearly any. Both are tried on turned pictures first: where not most of them are found, as of ornaments,
nothing is said of the set.

A kind of pictures of its own, white on black where most are black on white, is told from mistakes by its number alone: the more
there are, the nearer are they to each other. Of twelve in a hundred hardly any is found; of five mistakes in a hundred,
nearly all are, and so are five that are meant.

Points are those of `duplicates.tangent`, of which what turns a picture, or makes a negative of it, is a matrix: nothing has to be
looked at again.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ganlib.pictures.strangers import square_distances

FEWEST = 200
#: How near a turned-back picture is to the others, as a share of how near it is as it is: at most, and as a share of what it is
#: for those that are no suspects.
_NEARER, _BELOW = 0.8, 0.8
_MISSED = (0.0, 0.02)  # of those, that may be mistakes which the discriminant has missed: the first share that will do
_NEIGHBOURS = 3  # the distance to the third: two copies say nothing of a set
_TRIED, _FOUND = 500, 0.7  # pictures that it is tried on; the share of them to be found
#: Of the pictures: that are no suspects, where there is a right way; that are some in one way, where it tells mistakes, and that
#: are nearer that way round, where those are a kind.
_MOST, _MISTAKES = 0.5, 0.1
_REFERENCES = 10_000  # that distances are taken from
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
    halves = [_Half.of(points[half::2]) for half in (0, 1)]
    sides = torch.stack([_sides(points, torch.arange(len(points)), halves, way) for way in ways])
    others = (sides >= 0).all(0).nonzero().flatten()
    if len(others) < _MOST * len(points):
        return []
    tried = others[:_TRIED]
    trial = _Trial(tried, points[tried], _near(points[tried], tried, points, others))
    best: dict[int, Contrary] = {}
    for way, own in zip(ways, sides, strict=True):
        if (threshold := _threshold(points, halves, way, others, trial)) is None:
            continue
        suspects = _suspects(points, way, own, threshold)
        if sum(suspect.nearer < 1 for suspect in suspects) > _MISTAKES * len(points):
            return []  # what is turned one way looks turned in others, too: they are a kind, in whichever way
        for suspect in suspects if len(suspects) <= _MISTAKES * len(points) else ():
            if suspect.place not in best or _clarity(suspect) < _clarity(best[suspect.place]):
                best[suspect.place] = suspect
    return sorted(best.values(), key=lambda suspect: (_clarity(suspect), suspect.place))


def _suspects(points: Tensor, way: Tensor, sides: Tensor, threshold: float) -> list[Contrary]:
    """Those that look contrary in one way, as near as they are to all, for where they are many they are a kind of their own."""
    places, whole = (sides < 0).nonzero().flatten(), torch.arange(len(points))
    asked = points[places]
    shares = _near(asked @ way, places, points, whole) / _near(asked, places, points, whole)
    return [Contrary(place, share, threshold) for place, share in zip(places.tolist(), shares.tolist(), strict=True)]


def _clarity(suspect: Contrary) -> float:
    return suspect.nearer / suspect.threshold


class _Half(NamedTuple):
    """Half of a set: its mean [D], and its covariance [D, D]."""

    mean: Tensor
    spread: Tensor

    @classmethod
    def of(cls, points: Tensor) -> "_Half":
        mean = points.mean(0)
        return cls(mean, (points - mean).T @ (points - mean) / len(points))


class _Trial(NamedTuple):
    """Pictures that it is tried on: their places, their points, and how far each is from the others."""

    places: Tensor
    points: Tensor
    near: Tensor


def _threshold(points: Tensor, halves: Sequence[_Half], way: Tensor, others: Tensor, trial: _Trial) -> float | None:
    """How near a suspect must be the other way round; None where the set has no such thing as a right way.

    others: places of those that look contrary in no way. It is tried among those, as in a set in which nothing is turned.
    """
    made = trial.points @ way.T
    there = _near(made, trial.places, points, others)
    back = there if torch.equal(way, way.T) else _near(trial.points @ way, trial.places, points, others)
    contrary = _sides(made, trial.places, halves, way) < 0
    for missed in _MISSED:
        threshold = min(_NEARER, _BELOW * float((back / trial.near).quantile(missed)))
        if float((contrary & (trial.near / there < threshold)).double().mean()) >= _FOUND:
            return threshold
    return None


def _sides(asked: Tensor, places: Tensor, halves: Sequence[_Half], way: Tensor) -> Tensor:
    """On which side of the discriminant each lies, [Q]: above 0 where it looks like the set, below where contrary.

    Each by what was learned from the half of the set that its place is not in.
    """
    found = asked.new_empty(len(asked))
    for parity in (0, 1):
        weights, middle = _discriminant(halves[1 - parity], way)
        own = places % 2 == parity
        found[own] = (asked[own] - middle) @ weights
    return found


def _discriminant(half: _Half, way: Tensor) -> tuple[Tensor, Tensor]:
    """Weights, [D], and the point in the middle between these points and their contraries, [D]."""
    both = (half.spread + way @ half.spread @ way.T) / 2
    both += (_STEADY * both.trace() / len(both) + _NOTHING) * torch.eye(len(both), dtype=both.dtype)
    apart = half.mean - way @ half.mean
    return torch.linalg.solve(both, apart), half.mean - apart / 2


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
