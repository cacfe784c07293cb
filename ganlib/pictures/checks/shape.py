"""Pictures whose size or shape leaves nothing to learn from."""

from collections.abc import Iterator

import numpy as np

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.beyond import above, below

_SHARE = 0.25  # of the size that is learned from
_ASPECT = 4.0


def too_small(candidates: Candidates) -> Iterator[Finding]:
    """its shorter side is less than a quarter of the size that is learned from"""
    least = candidates.size * _SHARE
    sides = np.minimum(candidates.measured("width"), candidates.measured("height"))
    yield from below(candidates.kept, sides, least)


def extreme_aspect(candidates: Candidates) -> Iterator[Finding]:
    """more than four times as long as it is wide, or as wide as it is long"""
    width, height = candidates.measured("width"), candidates.measured("height")
    yield from above(candidates.kept, np.maximum(width, height) / np.minimum(width, height), _ASPECT)
