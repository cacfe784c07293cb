"""A number for each of many pairs of pictures, kept from night to night.

There are millions of pairs, so that what is kept of one is twelve bytes, and no row of a shelf.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures import stamped
from ganlib.pictures.shelf import Rows, Shelf

Numbers = NDArray[np.float32]


def remembered(shelf: Shelf, name: str, pairs: Rows, work: Callable[[Rows], Numbers]) -> Numbers:
    """A number for each of the pairs, all different, [P, 3]: two rows of the shelf, and 0 or 1. What is not known by this name
    from another night, `work` finds out, of some of the places of pairs."""
    path = shelf.folder / f"{name}.stamped"
    codes = (pairs[:, 0].astype(np.uint64) << np.uint64(32)) | (pairs[:, 1:2] * 2 + pairs[:, 2:]).astype(np.uint64).ravel()
    order = np.argsort(codes)
    codes = codes[order]
    found = np.full(len(pairs), np.nan, np.float32)
    if (known := stamped.load(path, shelf.stamp, ["codes", "numbers"])) is not None:
        _, here, there = np.intersect1d(codes, known["codes"], assume_unique=True, return_indices=True)
        found[here] = known["numbers"][there]
    if len(lacking := np.flatnonzero(np.isnan(found))):
        found[lacking] = work(order[lacking])
    if known is None or not np.array_equal(codes, known["codes"]):
        _save(path, shelf, pairs, codes, found)
    numbers = np.empty(len(pairs), np.float32)
    numbers[order] = found
    return numbers


def _save(path: Path, shelf: Shelf, pairs: Rows, codes: NDArray[np.uint64], numbers: Numbers) -> None:
    number = int(pairs[:, :2].max(initial=-1)) + 1
    stamped.save(path, shelf.stamp, number, {"codes": codes, "numbers": numbers})
