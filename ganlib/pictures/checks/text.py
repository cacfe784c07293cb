"""Pictures of text."""

from collections.abc import Iterator

from ganlib.pictures import fences
from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.beyond import above

_LINES = 0.72  # a correlation
_WIDTH = 3.0


def text_page(candidates: Candidates) -> Iterator[Finding]:
    """lines of text, where the others are none"""
    lines = candidates.measured("lines")
    threshold = max(_LINES, fences.upper(lines, _WIDTH))
    yield from above(candidates.kept, lines, threshold)
