"""What most checks do: set aside what lies beyond a threshold, and show what only just does not."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.candidates import Finding

_SHOWN = 6


def above(rows: Sequence[int], scores: NDArray[np.float64], threshold: float) -> Iterator[Finding]:
    """A finding for every row whose score is above the threshold, and for the few next below it."""
    if np.isfinite(threshold):
        yield from _beyond(rows, scores, threshold, scores > threshold, np.argsort(-scores, kind="stable"))


def below(rows: Sequence[int], scores: NDArray[np.float64], threshold: float) -> Iterator[Finding]:
    """A finding for every row whose score is below the threshold, and for the few next above it."""
    if np.isfinite(threshold):
        yield from _beyond(rows, scores, threshold, scores < threshold, np.argsort(scores, kind="stable"))


def _beyond(
    rows: Sequence[int], scores: NDArray[np.float64], threshold: float, bad: NDArray[np.bool_], order: NDArray[np.intp]
) -> Iterator[Finding]:
    for place in order[: int(bad.sum()) + _SHOWN]:
        yield Finding(rows[place], float(scores[place]), threshold, aside=bool(bad[place]))
