"""Pictures of something else than all the others."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.decode import Pixels

_GREY = 8  # levels between the channels of what is grey to the eye
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

    grey = [where for where in found if _is_grey(candidates.view(places[[where]]))]
    others = np.setdiff1d(np.arange(len(places)), found)[:_COMPARED]
    if not grey or np.mean([_is_grey(view) for view in candidates.view(places[others])]) > 0.5:
        return []
    compared = places[[*grey, *others]]
    candidates.fill("greyed", compared, _points_in_grey, BATCH, "pictures' features in grey")
    still = alone(candidates.shelf["greyed"][candidates.at[compared]], len(others) / len(places))
    return [where for where, strange in zip(grey, still, strict=False) if not strange]


def _points_in_grey(views: Pixels) -> NDArray[np.float32]:
    from ganlib.pictures.points import points

    return points(_grey(views))


def _is_grey(view: Pixels) -> bool:
    return int(np.ptp(view.astype(np.int16), axis=-1).max()) <= _GREY


def _grey(views: Pixels) -> Pixels:
    luma = views @ np.array([0.299, 0.587, 0.114])
    repeated: NDArray[np.uint8] = np.repeat(np.rint(luma).astype(np.uint8)[..., None], 3, axis=3)
    return repeated
