"""Pictures that are noisy, compared with the others."""

from collections.abc import Iterator

from ganlib.pictures import fences
from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.beyond import above

_WIDTH = 3.0
_CLEAN = 2.8  # levels of grain that no one sees


def noisy(candidates: Candidates) -> Iterator[Finding]:
    """noisy even where it is quietest, compared with the others"""
    grain = candidates.measured("grain")
    threshold = max(_CLEAN, fences.upper(grain, _WIDTH))
    yield from above(candidates.kept, grain, threshold)
