"""Pictures that are laid out unlike the others."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.shelf import Rows

_FEWEST = 500  # with fewer, one that is as it should be is as far from the others now and then
#: How far beyond the median, in times the 90th percentile's way. In thirteen of fourteen sets (faces, robots, animals, clothes)
#: none was farther, in one 3 of 1,000 (beards down to the chest).
_BEYOND = 5.0
_ROUNDS = 4  # in which what was found no longer counts as usual; of 4 in 100 faces that were spoiled three found 75 to 99 in 100
_BATCH, _SHOWN = 256, 6


def odd_layout(candidates: Candidates) -> Iterator[Finding]:
    """laid out unlike the others: cut off, moved, tilted, covered, framed, written on, or drawn by other lines"""
    from ganlib.metrics.parallel import single
    from ganlib.pictures.layout import layouts

    places = candidates.kept_by_lot()
    if candidates.padded:
        places = places[_square(candidates, places)]
    if len(places) < _FEWEST:
        return
    rows = candidates.at[places]
    candidates.fill("layout", places, layouts, _BATCH, "pictures' layouts")
    known, lots = candidates.shelf["layout"][rows], candidates.shelf.order(rows)
    odd, threshold = single(lambda: _judged(known, lots))
    farthest = np.argsort(-odd, kind="stable")
    for place in farthest[: int((odd > threshold).sum()) + _SHOWN]:
        yield Finding(int(places[place]), float(odd[place]), threshold, aside=bool(odd[place] > threshold))


def _judged(known: NDArray[np.uint16], lots: NDArray[np.uint64]) -> tuple[NDArray[np.float64], float]:
    """How odd each is, and beyond what that is too much."""
    from ganlib.pictures.layout import oddness
    from ganlib.pictures.strangers import too_far

    usual, odd, threshold = np.ones(len(known), np.bool_), np.zeros(len(known)), 0.0
    for _ in range(_ROUNDS):
        before, odd = usual, oddness(known, lots, usual)
        threshold = too_far(odd[usual], _BEYOND)
        usual = odd <= threshold
        if np.array_equal(usual, before):
            break
    return odd, threshold


def _square(candidates: Candidates, places: Rows) -> Rows:
    """Those without bars, which are no part of how a picture is laid out."""
    facts = candidates.facts[places]
    return np.flatnonzero(facts["width"] == facts["height"])
