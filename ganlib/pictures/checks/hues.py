"""Pictures whose colours are not as the others' are."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.beyond import above, below
from ganlib.pictures.decode import Pixels
from ganlib.pictures.measures import GREY
from ganlib.pictures.shelf import Rows

_FEWEST = 500  # with fewer, one in a hundred is a few
_MANY = 0.01  # of the pictures: where more are so, they are a kind of their own, and nothing is said
#: Of the light of innocents (15 sets of faces, robots, animals, clothes) at most 0.35 fell on rare hues; more than this of four
#: in five pictures with a cast, and of one in forty with a light backdrop that none of the others has, whose backdrop is one.
_MOST = 0.75
_EXCHANGED = 0.03  # of the same innocents none was above 0.002, of 150 that were exchanged none below 0.068
_SHARE, _FEWER = 0.05, 0.3  # of the pictures, the least coloured; of what these have, that one hue has at most
_SEVERAL = 1.5  # levels; below, some have one hue as they should: drawings 0.2, faces, robots and animals 3 to 17
_BATCH = 256


def colour_cast(candidates: Candidates) -> Iterator[Finding]:
    """in other colours than the others nearly all over: a cast, or dyed"""
    from ganlib.pictures.hues import rarely

    places, rare = _measured(candidates, rarely)
    if _are_few(rare > _MOST):
        yield from above(places, rare, _MOST)


def exchanged_channels(candidates: Candidates) -> Iterator[Finding]:
    """with red and blue exchanged, as it happens between programs"""
    from ganlib.pictures.hues import exchanged

    places, rarer = _measured(candidates, exchanged)
    if _are_few(rarer > _EXCHANGED):
        yield from above(places, rarer, _EXCHANGED)


def one_hue(candidates: Candidates) -> Iterator[Finding]:
    """in shades of one hue, sepia say, where the others have several"""
    places = _coloured(candidates)
    if len(places) < _FEWEST:
        return
    hues = candidates.facts["hues"][places].astype(np.float64)
    least = float(np.quantile(hues, _SHARE))
    if least >= _SEVERAL and _are_few(hues < _FEWER * least):
        yield from below(places.tolist(), hues, _FEWER * least)


def _are_few(found: NDArray[np.bool_]) -> bool:
    return len(found) > 0 and float(found.mean()) <= _MANY


def _measured(candidates: Candidates, measure: Callable[[Pixels], NDArray[np.float64]]) -> tuple[list[int], NDArray[np.float64]]:
    """Places of those that are coloured, where they are enough, and what is measured on their mosaics."""
    from ganlib.metrics.parallel import single
    from ganlib.pictures.hues import mosaics

    places = _coloured(candidates)
    if len(places) < _FEWEST:
        return [], np.empty(0)
    candidates.fill("mosaic", places, mosaics, _BATCH, "pictures' hues")
    return places.tolist(), single(lambda: measure(candidates.shelf["mosaic"][candidates.at[places]]))


def _coloured(candidates: Candidates) -> Rows:
    """Those that are not grey, by lot; none where most are. What is grey among coloured ones is as it should be, but for that."""
    places = candidates.whole_by_lot()
    coloured = candidates.facts["tint"][places] > GREY
    return np.asarray(places[coloured]) if coloured.sum() > len(places) / 2 else places[:0]
