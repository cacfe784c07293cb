"""Arrays about rows of a shelf, kept in a file for another night, and of use only while those rows mean the same pictures."""

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.files import write_bytes

#: Of what so many of a shelf's first rows are of, see `Shelf.stamp`.
Stamp = Callable[[int], str]
#: What reading a damaged file may raise, as Python's zipfile has it.
_DAMAGE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)


def save(path: Path, stamp: Stamp, number: int, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keep arrays in which no row from `number` on occurs. Raises `OSError` where the disk is full."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, stamp=np.array([str(number), stamp(number)]), **arrays)
    write_bytes(path, stream.getvalue())


def load(path: Path, stamp: Stamp, names: Sequence[str]) -> dict[str, NDArray[Any]] | None:
    """The arrays of these names; None where there are none, they are damaged, or rows are of something else by now."""
    try:
        with np.load(path, allow_pickle=False) as found:
            number, known = found["stamp"].tolist()
            return {name: found[name] for name in names} if stamp(int(number)) == known else None
    except _DAMAGE:
        return None
