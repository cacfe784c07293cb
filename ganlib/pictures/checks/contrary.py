"""Pictures that are the wrong way round."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.candidates import Candidates, Finding

_SHOWN = 6


def not_upright(candidates: Candidates) -> Iterator[Finding]:
    """upside down or turned, where the others are upright"""
    from ganlib.pictures.duplicates.tangent import turns

    yield from _contrary(candidates, turns().double().numpy())


def negative(candidates: Candidates) -> Iterator[Finding]:
    """a negative: dark where the others are light, and light where they are dark"""
    from ganlib.pictures.duplicates.tangent import DIMENSIONS

    yield from _contrary(candidates, -np.eye(DIMENSIONS)[None])


def _contrary(candidates: Candidates, ways: NDArray[np.float64]) -> Iterator[Finding]:
    from ganlib.metrics.parallel import single
    from ganlib.pictures.contrary import FEWEST, contrary

    places = candidates.kept_by_lot()
    if len(places) < FEWEST:
        return
    points = candidates.shelf["descriptor"][candidates.at[places]][:, 0].astype(np.float64)
    found = single(lambda: contrary(points, ways))
    for one in found[: sum(one.aside for one in found) + _SHOWN]:
        yield Finding(int(places[one.place]), one.nearer, one.threshold, aside=one.aside)
