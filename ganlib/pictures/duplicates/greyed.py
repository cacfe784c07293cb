"""The search for copies in grey of coloured pictures: each as it would be if all were grey."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.crew import padded
from ganlib.pictures.decode import Pixels
from ganlib.pictures.duplicates.tangent import describe
from ganlib.pictures.duplicates.twins import Finder, Pair
from ganlib.pictures.shelf import Rows
from ganlib.pictures.views import greyed

_TOGETHER, _FEWEST = 64, 8  # views that are described at a time


class InGrey(Finder):
    """Compares pictures without their colours."""

    _COLUMN, _NAME = "shaded", "greyed"

    def copies(self, grey: Rows, coloured: Rows) -> Iterator[Pair]:
        """Of each of the grey ones near which there is a coloured one the most alike of these, in the order of what is left.

        Above `cut` it is no copy. Nor is it where several would do: where a thing is there in red and in blue, one in grey is
        another one, and left out here.
        """
        self._candidates.fill("shaded", np.asarray(self._candidates.kept), _shaded, _TOGETHER, "pictures in grey")
        pairs = self._near(grey, coloured)
        left = self._left_if_near(pairs)
        fitting, number = np.unique(np.unique(pairs[left <= self.cut, :2], axis=0)[:, 0], return_counts=True)
        left[np.isin(pairs[:, 0], fitting[number > 1])] = np.inf
        order = np.lexsort((self._order[pairs[:, 0]], left))
        _, first = np.unique(pairs[order, 0], return_index=True)
        for place in order[np.sort(first)]:
            if np.isfinite(left[place]):
                yield Pair(int(pairs[place, 0]), int(pairs[place, 1]), float(left[place]))

    def _seen(self, views: Pixels) -> Pixels:
        return greyed(views)

    def _least_unrelated(self) -> float:
        return np.inf  # the cut stays where copies end: there is no gap to look for between so few


def _shaded(views: Pixels) -> NDArray[np.float32]:
    return np.asarray(describe(padded(greyed(views), _FEWEST))[: len(views)].numpy())
