"""Pictures whose label may be wrong."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.candidates import Candidates, Finding

_NEIGHBOURS, _AGREE = 10, 0.9
_KINDS, _FEWEST = 50, 30  # values of a label at most; pictures of a value at least


def label_suspects(candidates: Candidates) -> Iterator[Finding]:
    """none of the pictures most like it has its label, nearly all of them have the same other one"""
    names = sorted({name for row in candidates.kept for name in (candidates.labels[row] if candidates.labels else ())})
    known = {name: _values(candidates, name) for name in names}
    known = {name: values for name, values in known.items() if _is_kind(values)}
    if not known:
        return
    from ganlib.pictures.strangers import nearest

    rows = np.asarray(candidates.kept)
    around = nearest(candidates.kept_features(), candidates.views[rows], _NEIGHBOURS)
    suspects: dict[int, float] = {}
    for values in known.values():
        suspects |= _outvoted(values, around)
    for place, share in sorted(suspects.items()):
        yield Finding(int(rows[place]), share, _AGREE, aside=False, note=True)


def _values(candidates: Candidates, name: str) -> list[str | None]:
    found = (candidates.labels[row].get(name) for row in candidates.kept)
    return [value if isinstance(value, str) else None for value in found]


def _is_kind(values: list[str | None]) -> bool:
    """Whether a label names kinds of pictures: some values, each of them often."""
    counts = Counter(value for value in values if value is not None)
    return 2 <= len(counts) <= _KINDS and min(counts.values()) >= _FEWEST


def _outvoted(values: list[str | None], around: NDArray[np.int64]) -> dict[int, float]:
    """Places of pictures whose neighbours agree on another value, and the share of those that do."""
    found = {}
    for place, value in enumerate(values):
        votes = Counter(values[neighbour] for neighbour in around[place])
        most, count = votes.most_common(1)[0]
        if value is not None and votes[value] == 0 and most is not None and count >= _AGREE * len(around[place]):
            found[place] = count / len(around[place])
    return found
