"""Pictures that are laid out unlike the others."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.candidates import Candidates, Finding

_FEWEST = 500  # with fewer, one that is as it should be is as far from the others now and then
#: How far beyond the median, in times the 90th percentile's way. Of 21 sets (faces, robots, animals, clothes of a kind or of all)
#: 17 had none farther than that; of the others at most 5 in 1,000 were, sneakers as high as boots.
_BEYOND = 6.0
_ROUNDS = 2  # the last without what the first found: 91 to 96 in 100 of what was spoiled among faces, 2 in 100, and not 72 to 93
_ALIKE = 0.1  # that way, where layouts are so much the same that any other one is far
_BATCH, _SHOWN = 256, 6


def odd_layout(candidates: Candidates) -> Iterator[Finding]:
    """laid out unlike the others: cut off, moved, tilted, covered, framed, written on, or drawn by other lines"""
    from ganlib.metrics.parallel import single
    from ganlib.pictures.layout import layouts

    places = candidates.whole_by_lot()
    if len(places) < _FEWEST:
        return
    rows = candidates.at[places]
    candidates.fill("layout", places, layouts, _BATCH, "pictures' layouts")
    known, lots = candidates.shelf["layout"][rows], candidates.shelf.order(rows)
    odd, threshold = single(lambda: judged(known, lots))
    if threshold == np.inf:
        return
    farthest = np.argsort(-odd, kind="stable")
    for place in farthest[: int((odd > threshold).sum()) + _SHOWN]:
        yield Finding(int(places[place]), float(odd[place]), threshold, aside=bool(odd[place] > threshold))


def judged(known: NDArray[np.uint16], lots: NDArray[np.uint64]) -> tuple[NDArray[np.float64], float]:
    """How odd each layout is, and beyond what that is too much: infinity where nearly all are the same."""
    from ganlib.pictures.layout import oddness
    from ganlib.pictures.strangers import spread, too_far

    odd, threshold = np.zeros(len(known)), np.inf
    for _ in range(_ROUNDS):
        usual = odd <= threshold
        odd = oddness(known, lots, usual)
        if spread(odd[usual])[1] < _ALIKE:
            return odd, np.inf
        threshold = too_far(odd[usual], _BEYOND)
    return odd, threshold
