"""Pictures that are blurred, compared with the others."""

from collections.abc import Iterator

import numpy as np

from ganlib.pictures import fences
from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.beyond import below

_WIDTH = 2.5
SHARP = 0.6  # of sharpness: what is sharper is not blurred, however sharp the others are


def blurred(candidates: Candidates) -> Iterator[Finding]:
    """blurred, compared with the others"""
    sharpness = candidates.measured("sharpness")
    fence = fences.lower(np.log(sharpness + 1e-3), _WIDTH)
    threshold = min(SHARP, float(np.exp(fence))) if np.isfinite(fence) else -np.inf
    yield from below(candidates.kept, sharpness, threshold)
