"""The balls around samples that reach to each one's k-th nearest neighbour in its own set, and which points lie in which of them.

Besides whole sets it does halves of them, many times cut anew, for errors: from the same distances, so at hardly any cost.
"""

from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from ganlib.metrics.distances import squared_distances
from ganlib.metrics.parallel import parallel

#: Neighbours that are looked at for each of k, so that k of a sample's own half are among them, but in one case of a hundred
#: thousand.
LOOKED_AT = 6


@dataclass(frozen=True)
class Balls:
    """centres: [B, D]. side: [S, B], on which side of cut s each lies. radii: [S, B], squared distances to the k-th nearest
    neighbour on the same side. Cut 0 is none: all are on one side."""

    centres: Tensor
    side: Tensor
    radii: Tensor


@dataclass(frozen=True)
class Met:
    """held: [S, P], how many balls hold each point, of those on its side. holds: [S, B], how many points each ball holds."""

    held: Tensor
    holds: Tensor

    def add(self, other: "Met") -> "Met":
        """Both parts together, of the same points and balls."""
        return Met(self.held + other.held, self.holds + other.holds)


def balls_around(centres: Tensor, side: Tensor, neighbours: int, block: int) -> Balls:
    """The balls of `neighbours` neighbours around [B, D] samples, more than that on each side of every cut, [S, B]."""
    looked_at = min(LOOKED_AT * neighbours + 3, len(centres))

    def reach(start: int) -> Tensor:
        distances = squared_distances(centres[start : start + block], centres)
        distances.diagonal(start).fill_(-1.0)  # before its twins, so that each finds itself first
        found = distances.topk(looked_at, largest=False)
        values, rows = found.values[:, 1:], found.indices[:, 1:]
        on_side = side[:, rows] == side[:, start : start + block, None]
        place = (on_side.cumsum(dim=2) < neighbours).sum(dim=2).clamp(max=looked_at - 2)
        return values.expand(len(side), -1, -1).gather(2, place[..., None]).squeeze(2)

    return Balls(centres, side, torch.cat(list(parallel(reach, range(0, len(centres), block))), dim=1))


def meet(first: Balls, second: Balls, block: int) -> tuple[Met, Met]:
    """Which of the first centres lie in the second balls, and which of the second centres in the first balls."""

    def part(start: int) -> tuple[Met, Met]:
        rows = slice(start, start + block)
        distances = squared_distances(first.centres[rows], second.centres)
        return _met(distances, first, second, (start, 0)), _met(distances.T, second, first, (0, start))

    found = parallel(part, range(0, len(first.centres), block))
    return reduce(lambda one, other: (one[0].add(other[0]), one[1].add(other[1])), found)


def _met(distances: Tensor, points: Balls, balls: Balls, starts: tuple[int, int]) -> Met:
    """Of a part of the points, rows, and of the balls, columns, that start at `starts`."""
    columns = slice(starts[1], starts[1] + distances.shape[1])
    row, column = (distances <= balls.radii[:, columns].amax(dim=0)).nonzero(as_tuple=True)
    squares, point, ball = distances[row, column], row + starts[0], column + starts[1]
    held = torch.zeros(points.radii.shape, dtype=torch.int32)
    holds = torch.zeros(balls.radii.shape, dtype=torch.int32)
    for cut in range(len(held)):
        inside = (squares <= balls.radii[cut][ball]) & (points.side[cut][point] == balls.side[cut][ball])
        held[cut] = torch.bincount(point[inside], minlength=held.shape[1])
        holds[cut] = torch.bincount(ball[inside], minlength=holds.shape[1])
    return Met(held, holds)
