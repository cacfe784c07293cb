"""The pictures that could be decoded, kept on disk while checks compare them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganlib.errors import AtelierError
from ganlib.files import digest_bytes
from ganlib.pictures.decode import Pixels
from ganlib.pictures.measures import Measures
from ganlib.pictures.raw import Label


@dataclass(frozen=True, slots=True)
class Facts:
    """About one picture as it was found. width, height: in pixels. lossless: its format keeps every pixel."""

    width: int
    height: int
    lossless: bool
    measures: Measures


@dataclass
class Candidates:
    """What a check sees.

    pixels: uint8 [N, H, W, C], memory-mapped, as they would be learned from. views: uint8 [N, 64, 64, 3], memory-mapped, of all
    pictures alike. digests: of each picture's pixels and shape. facts: of each picture as found. size: pixels a side that are
    learned from. labels: what is known of each. kept: the rows that no earlier check has set aside, those that a person
    wants kept first, in the order in which the pictures were found.
    """

    pixels: Pixels
    views: Pixels
    digests: Sequence[str]
    facts: Sequence[Facts]
    size: int
    labels: Sequence[Mapping[str, Label]] = ()
    kept: Sequence[int] = field(default_factory=list)

    def kept_facts(self) -> list[Facts]:
        """Of the pictures that are kept, in their order."""
        return [self.facts[row] for row in self.kept]

    def measured(self, name: str) -> NDArray[np.float64]:
        """One of `Measures`, of the pictures that are kept, in their order."""
        return np.array([getattr(facts.measures, name) for facts in self.kept_facts()], np.float64)

    def kept_features(self) -> NDArray[np.float32]:
        """Of the pictures that are kept, in their order, [M, D]. Computed when first asked for, of those that are kept then."""
        places, found = self._features
        return found[[places[row] for row in self.kept]]

    @cached_property
    def _features(self) -> tuple[dict[int, int], NDArray[np.float32]]:
        return {row: place for place, row in enumerate(self.kept)}, features(self.views[np.asarray(self.kept)])


def features(views: Pixels) -> NDArray[np.float32]:
    """Of views uint8 [N, H, W, 3], [N, D]: what `ganlib.metrics` scores by."""
    from ganlib.metrics.config import EvaluateConfig
    from ganlib.metrics.extractors import load_extractor
    from ganlib.metrics.features import extract

    return extract(views, load_extractor(EvaluateConfig(size=views.shape[1])), step="curate")


@dataclass(frozen=True)
class Finding:
    """One picture to be set aside. row: its place among the candidates. score: how bad, in the check's own measure. threshold:
    the score from which on it is set aside, or up to which. twin: the row of the picture that stays in its place. aside: false
    for one that stays, but only just, for a person to see where the threshold lies. note: it stays, with the check's reason as a
    note."""

    row: int
    score: float | None = None
    threshold: float | None = None
    twin: int | None = None
    aside: bool = True
    note: bool = False


class Pool:
    """Collects pictures of one shape in a file, so that memory holds one at a time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._shape: tuple[int, ...] = ()
        self._number = 0

    def add(self, pixels: Pixels) -> None:
        """Take one picture, uint8 [H, W, C]."""
        self._shape = pixels.shape
        self._number += 1
        self._stream.write(pixels.data)

    def pixels(self) -> Pixels:
        """All pictures, uint8 [N, H, W, C], memory-mapped; an empty array where there are none."""
        self._stream.flush()
        if not self._number:
            return np.empty((0, 1, 1, 1), np.uint8)
        found: np.memmap[Any, Any] = np.memmap(self._stream, np.uint8, "r", shape=(self._number, *self._shape))
        return found


def digest_pixels(pixels: Pixels) -> str:
    """The identity of a picture: BLAKE2b-128 of its shape and pixels, in hexadecimal."""
    if pixels.dtype != np.uint8:
        raise AtelierError(f"expected a picture of bytes, found {pixels.dtype}.")
    return digest_bytes("x".join(map(str, pixels.shape)).encode(), pixels.data)
