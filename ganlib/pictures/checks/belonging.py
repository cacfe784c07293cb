"""Pictures of something else than all the others."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.candidates import Candidates, Finding, features
from ganlib.pictures.decode import Pixels

_GREY = 8  # levels between the channels of what is grey to the eye
_COMPARED = 600


def off_topic(candidates: Candidates) -> Iterator[Finding]:
    """of another kind than the others: alone far from all, or in a small group of its own"""
    from ganlib.pictures.strangers import FEWEST, strangers

    if len(candidates.kept) < FEWEST:
        return
    rows = np.asarray(candidates.kept)
    views = candidates.views[rows]
    found = {place: (distance, threshold) for place, distance, threshold in strangers(candidates.kept_features(), views)}
    for place in _belonging_but_for_colour(views, list(found)):
        del found[place]
    for place, (distance, threshold) in found.items():
        yield Finding(int(rows[place]), distance, threshold)


def _belonging_but_for_colour(views: Pixels, places: list[int]) -> list[int]:
    """Those of the places whose views are grey, and would be no strangers if all the others were grey, too."""
    from ganlib.pictures.strangers import alone

    grey = [place for place in places if _is_grey(views[place])]
    others = np.setdiff1d(np.arange(len(views)), places)
    others = others[:: max(1, len(others) // _COMPARED)]
    if not grey or np.mean([_is_grey(view) for view in views[others[:_COMPARED]]]) > 0.5:
        return []
    greyed = _grey(np.concatenate([views[grey], views[others]]))
    still = alone(features(greyed), greyed, len(others) / len(views))
    return [place for place, strange in zip(grey, still, strict=False) if not strange]


def _is_grey(view: Pixels) -> bool:
    return int(np.ptp(view.astype(np.int16), axis=2).max()) <= _GREY


def _grey(views: Pixels) -> Pixels:
    luma = views @ np.array([0.299, 0.587, 0.114])
    repeated: NDArray[np.uint8] = np.repeat(np.rint(luma).astype(np.uint8)[..., None], 3, axis=3)
    return repeated
