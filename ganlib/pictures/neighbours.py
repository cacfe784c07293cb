"""Of each picture those nearest to it, by a distance that does not depend on other pictures.

So lists can be kept from night to night: of a picture that was there before, only the distances from those that are new are
computed. A list holds some more than are asked for, so that it stays long enough when some of its pictures are gone.

Of pictures that are equally far, as copies are, those come first that their content says, or lists of two nights would differ: a
distance is made greater by less than its own rounding, for each reference by another part of it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.metrics.parallel import parallel
from ganlib.pictures import stamped
from ganlib.pictures.crew import padded
from ganlib.pictures.shelf import Rows
from ganlib.pictures.stamped import Stamp
from ganlib.progress import Progress

_SPARE = 0.25  # of a list's length
_QUERIES, _REFERENCES, _FEWEST = 256, 8192, 16  # of a tile

_NOTHING = 1e-30  # instead of a distance of 0, which nothing makes greater
_ROUNDING = 2.0**-24  # of a float32

#: Between each of some queries, at most 512, and each of some references, as places among all of them: [Q, R].
Distances = Callable[[Rows, Rows], Tensor]
#: Places of queries and of references, ascending, that are to be compared.
Tile = tuple[Rows, Rows]


@dataclass(frozen=True)
class Neighbours:
    """rows, references: of a shelf, ascending, [N] and [M]. near: the references nearest to each row, nearest first, [N, K]; -1
    where there are no more. apart: how far they are, [N, K]; infinite where there are none. horizon: up to where a list is
    complete, [N]."""

    rows: Rows
    references: Rows
    near: NDArray[np.int32]
    apart: NDArray[np.float64]
    horizon: NDArray[np.float64]

    def of(self, rows: Rows) -> "Neighbours":
        """The lists of some of the rows, in any order."""
        places = np.searchsorted(self.rows, rows)
        return Neighbours(rows, self.references, self.near[places], self.apart[places], self.horizon[places])

    def among(self, references: Rows) -> "Neighbours":
        """Without the neighbours that are not among these; those behind them move up."""
        stays = np.isin(self.near, references)
        order = np.argsort(~stays, axis=1, kind="stable")
        stays = np.take_along_axis(stays, order, 1)
        near, apart = np.take_along_axis(self.near, order, 1), np.take_along_axis(self.apart, order, 1)
        left = np.intersect1d(self.references, references)
        return Neighbours(self.rows, left, np.where(stays, near, -1), np.where(stays, apart, np.inf), self.horizon)

    def save(self, path: Path, stamp: Stamp) -> None:
        """Keep them in a file."""
        number = int(max(self.rows.max(initial=-1), self.references.max(initial=-1))) + 1
        stamped.save(path, stamp, number, {field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path, stamp: Stamp) -> "Neighbours | None":
        """Those that were kept; None where there are none, they are damaged, or of something else by now."""
        found = stamped.load(path, stamp, [field.name for field in fields(cls)])
        return None if found is None else cls(**found)


def nearest(
    rows: Rows,
    references: Rows,
    order: NDArray[np.uint64],
    count: int,
    distances: Distances,
    before: Neighbours | None,
    tiles: Iterable[Tile] | None = None,
) -> Neighbours:
    """The `count` nearest of the references of each row, itself left out, and some more. Both ascend.

    order: which of the references comes before which where they are equally far, the same from night to night; drawn by lot, by
    content, from all that 64 bits hold (of two that have the first 28 in common, neither). before: lists of another night, which
    may lack rows and references, or have some that are gone. tiles: what is compared, where that is not each with each; without
    lists from before.
    """
    lists = _Lists(rows, references, order, count + max(1, round(count * _SPARE)))
    if before is None:
        lists.compare(distances, tiles or _all(np.arange(len(rows)), np.arange(len(references))))
        return lists.found()
    known = before.of(np.intersect1d(before.rows, rows)).among(references)
    long_enough = ((known.near >= 0).sum(axis=1) >= count) | np.isinf(known.horizon)
    known = known.of(known.rows[long_enough])
    old = lists.know(known)
    fresh, unseen = np.flatnonzero(~old), np.flatnonzero(~np.isin(references, known.references))
    lists.compare(distances, _all(fresh, np.arange(len(references))))
    lists.compare(distances, _all(np.flatnonzero(old), unseen))
    return lists.found()


def _all(queries: Rows, references: Rows) -> Iterator[Tile]:
    for start in range(0, len(queries), _QUERIES):
        for first in range(0, len(references), _REFERENCES):
            yield queries[start : start + _QUERIES], references[first : first + _REFERENCES]


def _unlike(apart: Tensor, parts: Tensor) -> Tensor:
    """Float32 distances as float64 ones, equal ones made different by the references' parts."""
    return apart.double().clamp_min(_NOTHING) * parts


class _Lists:
    """Lists that grow by what is compared."""

    def __init__(self, rows: Rows, references: Rows, order: NDArray[np.uint64], length: int) -> None:
        self._rows, self._references = rows, references
        self._parts = torch.from_numpy(1 + order / 2.0**64 * _ROUNDING)
        self._near = torch.full((len(rows), length), -1, dtype=torch.int32)
        self._apart = torch.full((len(rows), length), torch.inf, dtype=torch.float64)
        self._horizon = torch.full((len(rows),), torch.inf, dtype=torch.float64)

    def know(self, known: Neighbours) -> NDArray[np.bool_]:
        """Take lists over; which rows they are of."""
        places = torch.from_numpy(np.searchsorted(self._rows, known.rows))
        width = min(known.near.shape[1], self._near.shape[1])
        self._near[places, :width] = torch.from_numpy(known.near[:, :width])
        self._apart[places, :width] = torch.from_numpy(known.apart[:, :width])
        self._horizon[places] = torch.from_numpy(known.horizon)
        return np.isin(self._rows, known.rows)

    def compare(self, distances: Distances, tiles: Iterable[Tile]) -> None:
        """Compare what the tiles say, and put what is near enough into the lists."""
        length = self._near.shape[1]
        blocks = [tile for tile in tiles if len(tile[0]) and len(tile[1])]

        def work(tile: Tile) -> tuple[Rows, Tensor, Tensor, bool]:
            asking, asked = tile
            apart = distances(padded(asking, _FEWEST), padded(asked, _FEWEST))[: len(asking), : len(asked)]
            own = np.searchsorted(self._references[asked], self._rows[asking]).clip(max=len(asked) - 1)
            itself = self._references[asked][own] == self._rows[asking]
            apart[np.flatnonzero(itself), own[itself]] = torch.inf
            closest, places = self._closest(apart, self._parts[torch.from_numpy(asked)], min(length, len(asked)))
            near = torch.from_numpy(self._references[asked].astype(np.int32))[places]
            return asking, near, closest, len(asked) > length

        with Progress("curate", len(blocks), "blocks of neighbours", quiet=not blocks) as progress:
            for asking, near, apart, cut in parallel(work, blocks):
                self._merge(torch.from_numpy(asking), near, apart, cut)
                progress.advance()

    @staticmethod
    def _closest(apart: Tensor, parts: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Of distances [Q, R] in each line the `count` smallest, by their parts [R] made different, and where they are.

        In float64, which takes its time, only where the last of them is not the only one of its kind.
        """
        rough, places = apart.topk(count, largest=False)
        last = rough[:, -1:]
        tied = torch.isfinite(last[:, 0]) & ((apart <= last).sum(1) > count)
        closest = _unlike(rough, parts[places])
        if tied.any():
            closest[tied], places[tied] = _unlike(apart[tied], parts).topk(count, largest=False)
        return closest, places

    def _merge(self, places: Tensor, near: Tensor, apart: Tensor, cut: bool) -> None:
        apart = torch.cat([self._apart[places], apart], dim=1)
        best = apart.topk(self._apart.shape[1], largest=False, sorted=True)
        self._apart[places] = best.values
        self._near[places] = torch.cat([self._near[places], near], dim=1).gather(1, best.indices)
        crowded = torch.isfinite(apart).sum(1) > best.values.shape[1]
        complete = best.values[:, -1].masked_fill(~crowded & (not cut), torch.inf)
        self._horizon[places] = torch.minimum(self._horizon[places], complete)

    def found(self) -> Neighbours:
        """The lists, as far as they are complete."""
        beyond = (self._apart > self._horizon[:, None]) | torch.isinf(self._apart)
        near, apart = self._near.masked_fill(beyond, -1), self._apart.masked_fill(beyond, torch.inf)
        return Neighbours(self._rows, self._references, near.numpy(), apart.numpy(), self._horizon.numpy())
