"""Pictures that are there more than once."""

from collections.abc import Iterator

import numpy as np

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.checks.sharpness import SHARP
from ganlib.pictures.measures import GREY
from ganlib.pictures.shelf import Shelf

_SHOWN = 6


def exact_duplicates(candidates: Candidates) -> Iterator[Finding]:
    """the same pixels, once prepared, as another picture, that has more labels or was found earlier"""
    equal: dict[bytes, list[int]] = {}
    for row in candidates.kept:
        equal.setdefault(candidates.facts["digest"][row], []).append(row)
    for rows in equal.values():
        twin = max(rows, key=lambda row: (row in candidates.wanted, candidates.labelled(row)))  # the first of those
        yield from (Finding(row, twin=twin) for row in rows if row != twin)


def near_duplicates(candidates: Candidates) -> Iterator[Finding]:
    """the same as a better picture, but saved, sized, shifted, lit, cropped or mirrored otherwise"""
    from ganlib.pictures.duplicates.compared import PAIR
    from ganlib.pictures.duplicates.groups import worse_of
    from ganlib.pictures.duplicates.twins import Finder

    if len(candidates.kept) < 2:
        return
    with Shelf(candidates.shelf.folder / "pairs", {"pair": PAIR}) as pairs:
        finder = Finder(candidates, pairs)
        merits = [_merit(candidates, row) for row in candidates.kept]
        for worse, better, left in worse_of(finder, merits):
            yield Finding(candidates.kept[worse], left, finder.cut, candidates.kept[better])
        for pair in finder.misses:
            worse, better = sorted((pair.first, pair.second), key=merits.__getitem__)
            yield Finding(candidates.kept[worse], pair.left, finder.cut, candidates.kept[better], aside=False)


def grey_copies(candidates: Candidates) -> Iterator[Finding]:
    """the same as one coloured picture, but in grey"""
    from ganlib.pictures.duplicates.compared import PAIR
    from ganlib.pictures.duplicates.greyed import InGrey

    kept = np.asarray(candidates.kept, np.int64)
    is_grey = candidates.facts["tint"][kept] <= GREY
    grey, coloured = np.flatnonzero(is_grey), np.flatnonzero(~is_grey)
    if not len(grey) or not len(coloured) or len(grey) > len(kept) / 2:
        return
    with Shelf(candidates.shelf.folder / "pairs-in-grey", {"pair": PAIR}) as pairs:
        finder = InGrey(candidates, pairs)
        pairs_found = list(finder.copies(grey, coloured))
        copies = sum(pair.left <= finder.cut for pair in pairs_found)
        for place, pair in enumerate(pairs_found[: copies + _SHOWN]):
            yield Finding(candidates.kept[pair.first], pair.left, finder.cut, candidates.kept[pair.second], place < copies)


def _merit(candidates: Candidates, row: int) -> tuple[bool, bool, int, int, bool, int]:
    """What makes a picture better than its twin: that no other check refuses it, to be sharp, to have more labels, then more
    pixels (up to twice the size that is learned from; more are of no use), then a lossless format, then to have been found
    first."""
    facts = candidates.facts[row]
    side = min(int(facts["width"]), int(facts["height"]), 2 * candidates.size)
    fit, sharp = row not in candidates.unfit, bool(facts["sharpness"] >= SHARP)
    return fit, sharp, candidates.labelled(row), side, bool(facts["lossless"]), -row
