"""Pictures of something else than all the others."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.decode import Pixels
from ganlib.pictures.measures import GREY
from ganlib.pictures.views import greyed

_COMPARED = 600


def off_topic(candidates: Candidates) -> Iterator[Finding]:
    """of another kind than the others: alone far from all, or in a small group of its own"""
    from ganlib.pictures.strangers import FEWEST, strangers

    if len(candidates.kept) < FEWEST:
        return
    from ganlib.pictures.placed import place

    placed = place(candidates)
    found = {stranger.place: stranger for stranger in strangers(placed, placed.nearest, len(placed.lists.references))}
    for where in _belonging_but_for_colour(candidates, placed.places, [where for where in found if found[where].aside]):
        del found[where]
    for where, stranger in found.items():
        yield Finding(int(placed.places[where]), stranger.distance, stranger.threshold, aside=stranger.aside)


def _belonging_but_for_colour(candidates: Candidates, places: NDArray[np.int64], found: list[int]) -> list[int]:
    """Those of the found whose views are grey, and would be no strangers if all the others were grey, too."""
    from ganlib.pictures.points import BATCH
    from ganlib.pictures.strangers import alone

    is_grey = candidates.facts["tint"][places] <= GREY
    grey = [where for where in found if is_grey[where]]
    others = np.setdiff1d(np.arange(len(places)), found)[:_COMPARED]
    if not grey or is_grey[others].mean() > 0.5:
        return []
    compared = places[[*grey, *others]]
    candidates.fill("greyed", compared, _points_in_grey, BATCH, "pictures' features in grey")
    still = alone(candidates.shelf["greyed"][candidates.at[compared]], len(others) / len(places))
    return [where for where, strange in zip(grey, still, strict=False) if not strange]


def _points_in_grey(views: Pixels) -> NDArray[np.float32]:
    from ganlib.pictures.points import points

    return points(greyed(views))
