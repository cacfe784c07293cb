"""The search for near duplicates in one set of views, calibrated on copies made of the same views."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.metrics.parallel import parallel, single
from ganlib.pictures.decode import Pixels
from ganlib.pictures.duplicates.register import LEVELS, residuals
from ganlib.pictures.duplicates.smooth import maps
from ganlib.pictures.duplicates.synthetic import WAYS
from ganlib.pictures.duplicates.tangent import Projection, joined, nearest
from ganlib.progress import Progress

_SAMPLE, _LEARNED = 48, 10_000  # views that copies are made of, and that directions are learned from
_NEAREST, _SHOWN = 4, 6
_MARGIN, _ROUGHLY = 1.5, 1.2  # what a true copy may be further away than those that were made
_LEAST, _MOST, _UNLIKE = 3.0, 16.0, 0.6  # levels that no one sees, that everyone sees; of the most alike unrelated pictures'
_GAP = 1.4  # how far above copies the cut may lie, as a ratio
_FAINT, _FULL = 16.0, 64.0  # levels of contrast below which differences count for more
_BLOCK, _PART = 256, 48  # of what is compared at a time: so many that work is shared well


@dataclass(frozen=True)
class Pair:
    """Places of two views, and how much of their difference is left once they lie over each other, in levels."""

    first: int
    second: int
    left: float


class Finder:
    """Finds near duplicates among `views[rows]`; places below are places in `rows`.

    radius: of tangent distance, within which copies lie. cut: levels that are left of a copy's difference at most. misses: the
    pairs that are most alike of those that are no twins.
    """

    def __init__(self, views: Pixels, rows: Sequence[int]) -> None:
        """Learn what copies of these views look like."""
        self._views, self._rows = views, np.asarray(rows)
        sample = self._rows[:: max(1, len(self._rows) // _SAMPLE)][:_SAMPLE]
        originals = np.concatenate([views[sample]] * len(WAYS))
        copies = np.stack([way(view) for way in WAYS for view in views[sample]])
        self._projection = single(lambda: Projection(views[self._rows[:: -(-len(self._rows) // _LEARNED)]]))
        apart = single(lambda: self._projection.describe(originals).to(self._projection.describe(copies).points))
        self.radius = _MARGIN * float(apart.sqrt().quantile(0.99))
        left = _all(originals, copies)
        rough = left[:, :-1].quantile(0.99, dim=0) * _ROUGHLY
        self._limits = [*rough.tolist(), torch.inf]
        self._low = min(_MOST, max(_LEAST, float(left[:, -1].quantile(0.99))))
        unrelated = np.concatenate([_all(views[sample], views[np.roll(sample, by)])[:, -1].numpy() for by in (1, 7)])
        unrelated = unrelated[unrelated > _MOST]  # others are twins
        self._unrelated = float(unrelated.min()) if len(unrelated) else np.inf
        self.cut = self._low
        self.misses: list[Pair] = []

    def pairs(self) -> list[Pair]:
        """All pairs of twins. Sets `cut` into the widest gap between copies and other neighbours that is not far above copies."""
        candidates = self._candidates()
        found: list[Pair] = []
        blocks = [candidates[start : start + _BLOCK] for start in range(0, len(candidates), _BLOCK)]
        with Progress("curate", len(candidates), "pairs compared") as progress:
            for block, left in zip(blocks, parallel(self._compare, blocks), strict=True):
                found += [Pair(int(a), int(b), float(much)) for (a, b, _), much in zip(block, left, strict=True)]
                progress.advance(len(block))
        self.cut = min(_widest_gap([pair.left for pair in found], self._low), _MOST, _UNLIKE * self._unrelated)
        found.sort(key=lambda pair: pair.left)
        twins = [pair for pair in found if pair.left <= self.cut]
        self.misses = found[len(twins) :][:_SHOWN]
        return twins

    def left(self, first: int, others: Sequence[int]) -> list[float]:
        """Of the difference between one view and each of the others, mirrored or not."""
        pairs = np.array([[first, other, mirrored] for other in others for mirrored in (0, 1)])
        blocks = [pairs[start : start + _PART] for start in range(0, len(pairs), _PART)]
        found = np.concatenate(list(parallel(self._compare, blocks)))
        return [float(much) for much in found.reshape(-1, 2).min(axis=1)]

    def _candidates(self) -> NDArray[np.int64]:
        """[P, 3]: places of two views, the smaller one first, and whether the first is to be mirrored."""
        blocks = [self._rows[start : start + _BLOCK] for start in range(0, len(self._rows), _BLOCK)]
        described = joined(list(parallel(lambda rows: self._projection.describe(self._views[rows]), blocks)))
        found = []
        for mirrored in (False, True):
            starts = range(0, len(self._rows), _BLOCK)

            def search(start: int, mirrored: bool = mirrored) -> NDArray[np.int64]:
                places = np.arange(start, min(start + _BLOCK, len(self._rows)))
                views = self._views[self._rows[places]]
                queries = self._projection.describe(views[:, :, ::-1]) if mirrored else described[slice(start, start + _BLOCK)]
                near = nearest(queries, described, _NEAREST, self.radius, torch.from_numpy(places))
                pairs = np.stack([places[near[0].numpy()], near[1].numpy()], axis=1)
                pairs.sort(axis=1)
                return np.column_stack([pairs, np.full(len(pairs), int(mirrored))])

            with Progress("curate", len(self._rows), "pictures' neighbours") as progress:
                for part in parallel(search, starts):
                    found.append(part)
                    progress.advance(min(_BLOCK, len(self._rows)))
        return np.unique(np.concatenate(found), axis=0)

    def _compare(self, pairs: NDArray[np.int64]) -> NDArray[np.float32]:
        first, second = (self._views[self._rows[pairs[:, side]]] for side in (0, 1))
        first = np.where(pairs[:, 2, None, None, None] == 1, first[:, :, ::-1], first)
        return np.asarray(_either(first, second, self._limits)[:, -1].numpy())


def _all(first: Pixels, second: Pixels) -> Tensor:
    starts = range(0, len(first), _PART)
    return torch.cat(list(parallel(lambda start: _either(first[start : start + _PART], second[start : start + _PART]), starts)))


def _either(first: Pixels, second: Pixels, limits: Sequence[float] = (torch.inf,) * len(LEVELS)) -> Tensor:
    """Residuals [P, L] of laying first over second or second over first, whichever fits; faint ones count for more."""
    a, b = maps(first), maps(second)
    left = torch.minimum(residuals(a, b, limits), residuals(b, a, limits))
    contrast = torch.minimum(a.flatten(1).std(dim=1), b.flatten(1).std(dim=1)).clamp(_FAINT, _FULL)
    return left * (_FULL / contrast)[:, None]


def _widest_gap(left: list[float], low: float) -> float:
    """The middle of the widest gap, as a ratio, between what is left of pairs, from `low` to somewhat more."""
    inside = np.sort([value for value in left if low < value < _GAP * low])
    edges = np.concatenate([[low], inside, [_GAP * low]])
    widest = int(np.argmax(edges[1:] / edges[:-1]))
    return float(np.sqrt(edges[widest] * edges[widest + 1]))
