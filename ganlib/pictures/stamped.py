"""Arrays about rows of a shelf, kept in a file for another night, and of use only while those rows mean the same pictures."""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.files import digest_bytes, write_bytes

#: Of what so many of a shelf's first rows are of, see `Shelf.stamp`.
Stamp = Callable[[int], str]
_DIGEST = len(digest_bytes(b""))


def save(path: Path, stamp: Stamp, number: int, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keep arrays in which no row from `number` on occurs. Raises `OSError` where the disk is full."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, stamp=np.array([str(number), stamp(number)]), **arrays)
    content = stream.getvalue()
    write_bytes(path, digest_bytes(content).encode() + content)


def load(path: Path, stamp: Stamp, names: Sequence[str]) -> dict[str, NDArray[Any]] | None:
    """The arrays of these names; None where there are none, they are damaged, or rows are of something else by now.

    Damage shows by the digest that the file begins with: numpy does not read to the end of what it unpacks, where zipfile would
    look at its checksum.
    """
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    digest, content = kept[:_DIGEST], kept[_DIGEST:]
    if digest_bytes(content).encode() != digest:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        number, known = found["stamp"].tolist()
        return {name: found[name] for name in names} if stamp(int(number)) == known else None
