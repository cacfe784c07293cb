"""Pictures on which there is nothing, or next to nothing."""

from collections.abc import Iterator

import numpy as np

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.beyond import below

_SPREAD = 3.0  # levels: what noise or a JPEG makes of one colour
_BUSY = 0.004  # of the pixels: 16 of a view


def flat(candidates: Candidates) -> Iterator[Finding]:
    """all of one colour"""
    still = np.asarray(candidates.kept, np.int64)[candidates.measured("busy") < _BUSY]
    yield from below(still.tolist(), candidates.facts["spread"][still], _SPREAD)


def nearly_empty(candidates: Candidates) -> Iterator[Finding]:
    """all of one colour but for a dot"""
    yield from below(candidates.kept, candidates.measured("busy"), _BUSY)
