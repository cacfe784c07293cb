"""The pictures that could be decoded, all of one size, kept on disk while checks compare them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np

from ganlib.errors import AtelierError
from ganlib.files import digest_bytes
from ganlib.pictures.decode import Pixels


@dataclass(frozen=True)
class Candidates:
    """What a check sees.

    pixels: uint8 [N, H, W, C], memory-mapped. digests: of each picture's pixels and shape. kept: the rows that no earlier
    check has set aside, in the order in which the pictures were found.
    """

    pixels: Pixels
    digests: Sequence[str]
    kept: Sequence[int]


@dataclass(frozen=True)
class Finding:
    """One picture to be set aside. row: its place among the candidates. score: how bad, in the check's own measure. twin: the
    row of the picture that stays in its place."""

    row: int
    score: float | None = None
    twin: int | None = None


class Pool:
    """Collects prepared pictures in a file, so that memory holds one at a time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._shape: tuple[int, ...] = ()
        self.digests: list[str] = []

    def add(self, pixels: Pixels) -> str:
        """Take one picture, uint8 [H, W, C]; returns its digest."""
        self._shape = pixels.shape
        self._stream.write(pixels.data)
        self.digests.append(digest_pixels(pixels))
        return self.digests[-1]

    def pixels(self) -> Pixels:
        """All pictures, uint8 [N, H, W, C], memory-mapped; an empty array where there are none."""
        self._stream.flush()
        if not self.digests:
            return np.empty((0, 1, 1, 1), np.uint8)
        return np.memmap(self._stream, np.uint8, "r", shape=(len(self.digests), *self._shape))


def digest_pixels(pixels: Pixels) -> str:
    """The identity of a picture: BLAKE2b-128 of its shape and pixels, in hexadecimal."""
    if pixels.dtype != np.uint8:
        raise AtelierError(f"expected a picture of bytes, found {pixels.dtype}.")
    return digest_bytes("x".join(map(str, pixels.shape)).encode(), pixels.data)
