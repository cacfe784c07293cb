"""Pictures whose colours are not as the others' are."""

from collections.abc import Iterator

import numpy as np

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.beyond import above, below
from ganlib.pictures.measures import GREY
from ganlib.pictures.shelf import Rows

_FEWEST = 500  # with fewer, one in a hundred is a few
#: Of the light of 13 sets of innocents (faces, robots, animals, clothes) at most 0.35 fell on rare hues; of 20 such pictures with
#: a cast in each of four of them at least 0.59.
_MOST, _BEYOND = 0.5, 6.0
_SHARE, _FEWER = 0.05, 0.3  # of the pictures, the least coloured; of what these have, that one hue has at most
_BATCH = 256


def colour_cast(candidates: Candidates) -> Iterator[Finding]:
    """in other colours than the others nearly all over: a cast, or dyed"""
    from ganlib.metrics.parallel import single
    from ganlib.pictures.hues import mosaics, rarely
    from ganlib.pictures.strangers import too_far

    places = _coloured(candidates)
    if len(places) < _FEWEST:
        return
    candidates.fill("mosaic", places, mosaics, _BATCH, "pictures' hues")
    rare = single(lambda: rarely(candidates.shelf["mosaic"][candidates.at[places]]))
    yield from above(places.tolist(), rare, max(_MOST, too_far(rare, _BEYOND)))


def one_hue(candidates: Candidates) -> Iterator[Finding]:
    """in shades of one hue, sepia say, where the others have several"""
    places = _coloured(candidates)
    if len(places) < _FEWEST:
        return
    hues = candidates.facts["hues"][places].astype(np.float64)
    yield from below(places.tolist(), hues, _FEWER * float(np.quantile(hues, _SHARE)))


def _coloured(candidates: Candidates) -> Rows:
    """Those that are not grey, by lot; none where most are. What is grey among coloured ones is as it should be, but for that."""
    places = candidates.whole_by_lot()
    coloured = candidates.facts["tint"][places] > GREY
    return np.asarray(places[coloured]) if coloured.sum() > len(places) / 2 else places[:0]
