"""Pictures whose label may be wrong."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.raw import Label

_NEIGHBOURS, _AGREE = 10, 0.9
_KINDS, _FEWEST = 50, 30  # values of a label at most; pictures of a value at least


def label_suspects(candidates: Candidates) -> Iterator[Finding]:
    """none of the pictures most like it has its label, nearly all of them have the same other one"""
    known = [name for name, values in sorted(candidates.labels.items()) if _is_kind(_names(values, candidates.kept))]
    if not known:
        return
    from ganlib.pictures.placed import place

    placed = place(candidates)
    around = placed.nearest[:, :_NEIGHBOURS]
    suspects: dict[int, float] = {}
    for name in known:
        suspects |= _outvoted(_names(candidates.labels[name], placed.places), around)
    for row, share in sorted((int(placed.places[where]), share) for where, share in suspects.items()):
        yield Finding(row, share, _AGREE, aside=False, note=True)


def _names(values: Sequence[Label], rows: Iterable[int]) -> list[str | None]:
    """Of some pictures, where they are names and no numbers."""
    found = (values[row] for row in rows)
    return [value if isinstance(value, str) else None for value in found]


def _is_kind(values: list[str | None]) -> bool:
    """Whether a label names kinds of pictures: some values, each of them often."""
    counts = Counter(value for value in values if value is not None)
    return 2 <= len(counts) <= _KINDS and min(counts.values()) >= _FEWEST


def _outvoted(values: list[str | None], around: NDArray[np.int64]) -> dict[int, float]:
    """Places of pictures whose neighbours agree on another value, and the share of those that do."""
    kinds = sorted({value for value in values if value is not None})
    numbers: dict[str | None, int] = {None: -1, **{kind: number for number, kind in enumerate(kinds)}}
    own = np.array([numbers[value] for value in values])
    votes = np.stack([(own[around] == kind).sum(axis=1) for kind in range(len(kinds))], axis=1)
    most = votes.max(axis=1)
    outvoted = (own >= 0) & (votes[np.arange(len(own)), own] == 0) & (most >= _AGREE * around.shape[1])
    return {int(place): float(most[place] / around.shape[1]) for place in np.flatnonzero(outvoted)}
