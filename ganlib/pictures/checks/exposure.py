"""Pictures that are too dark, too bright or too pale to show anything, compared with the others."""

from collections.abc import Iterator

from ganlib.pictures import fences
from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.beyond import above, below

_WIDTH = 2.0
_LIGHT, _DARK = 64.0, 45.0  # levels: the lightest, the darkest parts of a picture that was well exposed
_BURNT = 0.2  # share of the pixels
_PALE, _PALER = 20.0, 1.5  # levels of standard deviation, in some colour, of a picture that shows enough; width of their fence


def under_exposed(candidates: Candidates) -> Iterator[Finding]:
    """dark even where it is lightest, compared with the others"""
    light = candidates.measured("light")
    threshold = min(_LIGHT, fences.lower(light, _WIDTH))
    yield from below(candidates.kept, light, threshold)


def over_exposed(candidates: Candidates) -> Iterator[Finding]:
    """light even where it is darkest, compared with the others, and burnt to white elsewhere"""
    dark, white = candidates.measured("dark"), candidates.measured("white")
    burnt = white > max(_BURNT, fences.upper(white, 3.0))
    threshold = max(_DARK, fences.upper(dark, 1.0))
    yield from above([row for row, lost in zip(candidates.kept, burnt, strict=True) if lost], dark[burnt], threshold)


def pale(candidates: Candidates) -> Iterator[Finding]:
    """pale: its levels hardly differ in any colour, compared with the others"""
    spread = candidates.measured("spread")
    yield from below(candidates.kept, spread, min(_PALE, fences.lower(spread, _PALER)))
