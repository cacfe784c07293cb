"""The search for near duplicates among pictures, calibrated on copies made of some of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.metrics.parallel import parallel
from ganlib.pictures.candidates import Candidates, pair_keys
from ganlib.pictures.crew import padded
from ganlib.pictures.decode import Pixels
from ganlib.pictures.duplicates.compared import COMPARED, FEWEST, PAIR, TOGETHER, copies_of, glance, lacking, unknown
from ganlib.pictures.duplicates.glances import remembered
from ganlib.pictures.duplicates.index import EXACT, Cells
from ganlib.pictures.duplicates.tangent import mirrored, squared_distances
from ganlib.pictures.shelf import Rows, Shelf
from ganlib.progress import Progress

_SAMPLE = 96  # pictures that copies are made of
_NEAREST, _SHOWN = 4, 6
_MARGIN, _GLANCING, _ROUGHLY = 2.0, 1.75, 1.5  # what a true copy may be further away than those that were made
_LEAST, _MOST, _WORST = 3.0, 16.0, 24.0  # levels that no one sees, that everyone sees; that copies are allowed at all
_UNLIKE = 0.6  # of the most alike unrelated pictures'
_EVEN = 1.5  # levels over a large patch that no one sees
_GAP = 1.4  # how far above copies the cut may lie, as a ratio
_GLANCED = 4096  # pairs
_BLOCKS = {"forth": 256, "back": 256, "left": 64}  # pairs that are compared at a time


@dataclass(frozen=True)
class Pair:
    """Places of two pictures, and how much of their difference is left once they lie over each other, in levels."""

    first: int
    second: int
    left: float


class Finder:
    """Finds near duplicates among the pictures that are kept; places below are places in `candidates.kept`.

    radius: of tangent distance, within which copies lie. cut: levels that are left of a copy's difference at most; where what is
    left is spread as no copy's is, it counts for more. misses: the pairs that are most alike of those that are no twins.
    """

    #: Of the shelf: the descriptors, and what lists of neighbours are called.
    _COLUMN, _NAME = "descriptor", "twins"

    def __init__(self, candidates: Candidates, pairs: Shelf) -> None:
        """Learn what copies of these pictures look like. pairs: what is known about pairs already, in one column `pair`."""
        self._candidates, self._known = candidates, pairs
        self._rows = candidates.at[np.asarray(candidates.kept, np.int64)]
        self._order = candidates.shelf.order(self._rows)
        sample = candidates.kept_by_lot()[:_SAMPLE]
        candidates.fill("copies", sample, copies_of, TOGETHER, "pictures copied")
        copies = candidates.shelf["copies"][candidates.at[sample]].ravel()
        self.radius = _MARGIN * float(np.sqrt(np.quantile(copies["apart"], 0.99)))
        self._glance = _GLANCING * float(np.quantile(copies["glance"], 0.99))
        either = np.minimum(copies["forth"], copies["back"])
        both = np.concatenate([copies["forth"], copies["back"]])
        self._rough, self._rough_either = (_ROUGHLY * float(np.quantile(left, 0.99)) for left in (both, either))
        self._lonely, self._broad = _spread(copies["left"])
        self._low = min(_WORST, max(_LEAST, float(np.quantile(self._levels(copies["left"]), 0.99))))
        self._unrelated = self._least_unrelated()
        self.cut = self._low
        self.misses: list[Pair] = []

    def pairs(self) -> list[Pair]:
        """All pairs of twins. Sets `cut` into the widest gap between copies and other neighbours that is not far above copies."""
        everyone = np.arange(len(self._rows))
        places = self._near(everyone, everyone)
        places[:, :2].sort(axis=1)
        places = np.unique(places, axis=0)
        places = places[self._glanced(places) <= self._glance]
        left = self._left(places, self._rough, self._rough_either)
        near = np.flatnonzero(np.isfinite(left))
        near = near[np.argsort(left[near], kind="stable")]
        self.cut = min(_widest_gap(left[near], self._low), max(_MOST, self._low), _UNLIKE * self._unrelated)
        twins = int((left[near] <= self.cut).sum())
        found = [Pair(int(first), int(second), float(left[row])) for row in near for first, second in [places[row, :2]]]
        self.misses = found[twins : twins + _SHOWN]
        return found[:twins]

    def left(self, first: int, others: Sequence[int], roughly: bool = False) -> list[float]:
        """Of the difference between one picture and each of the others, mirrored or not.

        roughly: infinite where looks that cost little say that it is much, as they do when pairs are looked for.
        """
        pairs = np.array([(*sorted((first, other)), way) for other, way in product(others, (0, 1))])
        left = self._left_if_near(pairs) if roughly else self._left(pairs)
        return [float(much) for much in left.reshape(-1, 2).min(axis=1)]

    def _left_if_near(self, pairs: Rows) -> NDArray[np.float32]:
        left = np.full(len(pairs), np.inf, np.float32)
        near = np.flatnonzero(self._glances(self._by_rows(pairs)) <= self._glance)
        left[near] = self._left(pairs[near], self._rough, self._rough_either)
        return left

    def _least_unrelated(self) -> float:
        """Of the most alike of pictures that have nothing to do with each other; infinite where there are none."""
        sample = np.argsort(self._order, kind="stable")[:_SAMPLE]
        pairs = np.stack([sample, np.roll(sample, 1), np.zeros_like(sample)], axis=1)
        left = self._left(pairs[pairs[:, 0] != pairs[:, 1]])
        return float(left[left > max(_MOST, self._low)].min(initial=np.inf))  # others are twins

    def _near(self, asking: Rows, asked: Rows) -> Rows:
        """[P, 3]: places of two pictures within the radius, one that is asking and one that is asked, and whether the first is to
        be mirrored."""
        descriptors = self._candidates.shelf[self._COLUMN]
        queries, references = np.sort(self._rows[asking]), np.sort(self._rows[asked])
        known, points = (torch.from_numpy(some) for some in (descriptors[queries], descriptors.mapped[references, 0]))
        by_lot = np.argsort(self._candidates.shelf.order(references))
        cells = Cells(points.numpy(), by_lot) if len(queries) * len(references) > EXACT**2 else None
        place = np.argsort(self._rows)
        found = []
        for way, turn in enumerate((lambda some: some, mirrored)):

            def distances(some: Rows, others: Rows, turn: Any = turn) -> Tensor:
                return squared_distances(turn(known[some]), points[others])

            tiles = None if cells is None else cells.tiles(turn(known)[:, 0].numpy())
            lists = self._candidates.neighbours(f"{self._NAME}-{way}", queries, references, _NEAREST, distances, tiles)
            near = (lists.near >= 0) & (lists.apart <= self.radius**2)
            near[:, _NEAREST:] = False
            one, rank = np.nonzero(near)
            both = np.stack([queries[one], lists.near[one, rank]], axis=1)
            pairs = place[np.searchsorted(self._rows, both, sorter=place)]
            found.append(np.column_stack([pairs, np.full(len(pairs), way)]))
        return np.concatenate(found)

    def _glanced(self, pairs: Rows) -> NDArray[np.float32]:
        """What tangent planes leave of the difference of each pair of places at the worst place, [P]; kept for another night."""
        pairs = self._by_rows(pairs)
        return remembered(self._candidates.shelf, "glances", pairs, lambda places: self._glances(pairs[places]))

    def _glances(self, pairs: Rows) -> NDArray[np.float32]:
        """The same of pairs of the shelf's rows."""
        descriptors = self._candidates.shelf[self._COLUMN]

        def glanced(block: Rows) -> NDArray[np.float32]:
            first, second, way = padded(block, FEWEST).T
            seen, other = torch.from_numpy(descriptors[first]), torch.from_numpy(descriptors[second])
            seen = torch.where(torch.from_numpy(way == 1)[:, None, None], mirrored(seen), seen)
            return glance(seen, other)[: len(block)]

        blocks = (pairs[start : start + _GLANCED] for start in range(0, len(pairs), _GLANCED))
        return np.concatenate([np.empty(0, np.float32), *parallel(glanced, blocks)])

    def _by_rows(self, pairs: Rows) -> Rows:
        """Pairs of places as pairs of the shelf's rows, which of two comes first decided by content."""
        pairs = self._by_content(pairs)
        pairs[:, :2] = self._rows[pairs[:, :2]]
        return pairs

    def _by_content(self, pairs: Rows) -> Rows:
        """The pairs of places, which of two comes first decided by what they show: so it is the same every night."""
        first, second, way = pairs.T
        turned = self._order[first] > self._order[second]
        return np.stack([np.where(turned, second, first), np.where(turned, first, second), way], axis=1)

    def _left(self, pairs: Rows, rough: float = np.inf, either: float = np.inf) -> NDArray[np.float32]:
        """Of the difference of each pair of places, [P], infinite where a rough look says that it is much."""
        pairs = self._by_content(pairs)
        rows = self._known.rows(pair_keys(self._order[pairs[:, 0]], self._order[pairs[:, 1]], pairs[:, 2]))
        known = np.full(len(pairs), np.nan, PAIR)
        there = ~self._known["pair"].lacks(rows)
        known[there] = self._known["pair"][rows[there]]
        before = unknown(known)
        alive = np.ones(len(pairs), bool)
        if np.isfinite(rough):
            for name, limit in (("forth", rough), ("back", either)):
                self._compare(known, name, pairs, alive)
                least = known["forth"] if name == "forth" else np.minimum(known["forth"], known["back"])
                alive[alive] = least[alive] <= limit
        self._compare(known, "left", pairs, alive)
        fresh = np.flatnonzero(unknown(known) < before)
        self._known["pair"].put(rows[fresh], known[fresh])
        return np.where(alive, self._levels(known["left"]), np.float32(np.inf))

    def _levels(self, left: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of what is left [P, 3]: the levels at the worst patch, as many times more as its spread is beyond that of copies."""
        worst, lonely, broad = left.T
        counted: NDArray[np.float32] = worst * np.maximum(1, lonely / self._lonely) * np.maximum(1, broad / self._broad)
        return counted

    def _compare(self, known: NDArray[Any], name: str, pairs: Rows, alive: NDArray[np.bool_]) -> None:
        """Find out one of the columns of `PAIR` of those that are alive, as far as it is not known."""
        asked = np.flatnonzero(alive & lacking(known, name))
        blocks = [asked[start : start + _BLOCKS[name]] for start in range(0, len(asked), _BLOCKS[name])]
        with Progress("curate", len(asked), "pairs compared", quiet=not len(asked)) as progress:
            found = self._candidates.crew.map(COMPARED[name], (self._views(pairs[block]) for block in blocks))
            for block, left in zip(blocks, found, strict=True):
                known[name][block] = left
                progress.advance(len(block))

    def _views(self, pairs: Rows) -> tuple[Pixels, Pixels]:
        first, second = (np.asarray(self._candidates.shelf["view"][self._rows[pairs[:, side]]]) for side in (0, 1))
        turned = pairs[:, 2] == 1
        first[turned] = first[turned, :, ::-1]
        return self._seen(first), self._seen(second)

    def _seen(self, views: Pixels) -> Pixels:
        """As they are compared."""
        return views


def _spread(left: NDArray[np.float32]) -> tuple[float, float]:
    """Of copies [P, 3]: how many times the typical patch the worst is, where it shows at all, and what is left in large ones."""
    seen = left[left[:, 0] > _LEAST]
    return float(np.quantile(seen[:, 1], 0.99)) if len(seen) else np.inf, max(_EVEN, float(np.quantile(left[:, 2], 0.99)))


def _widest_gap(left: NDArray[np.float32], low: float) -> float:
    """The middle of the widest gap, as a ratio, between what is left of pairs, from `low` to somewhat more."""
    inside = np.sort([float(value) for value in left if low < value < _GAP * low])
    edges = np.concatenate([[low], inside, [_GAP * low]])
    widest = int(np.argmax(edges[1:] / edges[:-1]))
    return float(np.sqrt(edges[widest] * edges[widest + 1]))
