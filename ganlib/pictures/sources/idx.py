"""IDX files, as MNIST and Fashion-MNIST come: from a folder, or fetched from their public address, digest checked."""

import gzip
import hashlib
import http.client
import io
import sys
import urllib.error
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganlib.errors import AtelierError
from ganlib.outward import opened
from ganlib.pictures.raw import Label, RawPicture
from ganlib.pictures.sources.found import Origin, placed

_PIECE = 2**20
LARGEST = 2**30  # bytes of one file, packed or not
SECONDS = 60  # without an answer

#: Digests of Fashion-MNIST's files, unpacked: the same whether the gz was packed by its authors or by Debian.
FASHION_MNIST = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
LICENCE, ATTRIBUTION = "MIT", "Fashion-MNIST, Copyright 2017 Zalando SE"


@dataclass(frozen=True)
class Idx:
    """Section `collect` of `params.yaml` for `source: idx`.

    `path` is a folder with `<part>-images-idx3-ubyte` and, if there are labels, `<part>-labels-idx1-ubyte`, packed (.gz) or
    not. Without `path` the files are fetched from below `url`. `sha256` holds the digests of the unpacked files by name: a
    file that is fetched must have one. Addresses must be public, those that it is sent on to as well, unless `inward` says that
    one of this machine or of a private network is meant. The labels become `class`, named by `classes`, and `part`. Files that
    by their digests are Fashion-MNIST's have its names of classes, licence and attribution, unless others are given.
    """

    source: Literal["idx"] = "idx"
    path: str = ""
    url: str = ""
    inward: bool = False
    parts: list[str] = field(default_factory=lambda: ["train", "t10k"])
    classes: list[str] = field(default_factory=list)
    sha256: dict[str, str] = field(default_factory=lambda: dict(FASHION_MNIST))
    licence: str = ""
    attribution: str = ""

    def count(self) -> int:
        """How many pictures `pictures` yields; fetches them, if they are to be fetched."""
        return sum(len(self._images(part)) for part in self.parts)

    def pictures(self) -> Iterator[RawPicture]:
        """Yield every picture as PNG. Raises `AtelierError` where a file is missing, damaged, or not the expected one."""
        for part in self.parts:
            images, classes, names = self._images(part), self._classes(part), self._names(part)
            origin = self._origin(part)
            if classes is not None and len(classes) != len(images):
                raise AtelierError(f"{part}: expected a label for each of {len(images)} pictures, found {len(classes)} labels.")
            for number, image in enumerate(images):
                labels: dict[str, Label] = {"part": part}
                if classes is not None:
                    labels["class"] = names.get(label := int(classes[number]), str(label))
                yield origin.picture(f"{part}-{number:05d}.png", _png(image), labels)

    def _images(self, part: str) -> NDArray[np.uint8]:
        name = f"{part}-images-idx3-ubyte"
        images = _array(name, self._content(name, needed=True), dimensions=3)
        if len(images) and not images[0].size:
            _, height, width = images.shape
            raise AtelierError(
                f"{name}: expected pictures of a pixel or more, found {len(images):,} of {width} × {height} pixels; nothing was "
                "kept. Fetch the file again, or name another folder."
            )
        return images

    def _classes(self, part: str) -> NDArray[np.uint8] | None:
        name = f"{part}-labels-idx1-ubyte"
        content = self._content(name, needed=False)
        return _array(name, content, dimensions=1) if content else None

    def _names(self, part: str) -> dict[int, str]:
        """Those of the classes, by number."""
        return dict(enumerate(self.classes or (CLASSES if self._is_fashion(part) else ())))

    def _origin(self, part: str) -> Origin:
        known = (LICENCE, ATTRIBUTION) if self._is_fashion(part) else ("", "")
        name = Path(self.path or self.url.rstrip("/")).name
        return Origin(name, self.licence or known[0], self.attribution or known[1])

    def _is_fashion(self, part: str) -> bool:
        """Whether pictures that have been read, and so have the digest that is asked for, are Fashion-MNIST's."""
        name = f"{part}-images-idx3-ubyte"
        return name in FASHION_MNIST and self.sha256.get(name) == FASHION_MNIST[name]

    def _content(self, name: str, needed: bool) -> bytes:
        """The unpacked content of a file, checked against its digest; empty where it is neither needed nor there."""
        place, packed = self._read(name, needed)
        if not packed:
            return b""
        content = _unpack(place, packed)
        found, expected = hashlib.sha256(content).hexdigest(), self.sha256.get(name, "")
        if expected and found != expected:
            raise AtelierError(
                f"{place}: expected the sha256 {expected} (unpacked), found {found}; nothing was kept. Fetch the file again or, "
                f"if it is another data set's, give its digest under collect.sha256 and its names under collect.classes."
            )
        return content

    def _read(self, name: str, needed: bool) -> tuple[str, bytes]:
        if self.path:
            for path in (placed(self.path) / f"{name}.gz", placed(self.path) / name):
                if path.is_file():
                    with path.open("rb") as stream:
                        return str(path), _read(str(path), stream)
            if needed:
                raise AtelierError(
                    f"{self.path}: expected {name}.gz or {name} in this folder, found neither. Name another folder."
                )
            return name, b""
        if not self.url:
            raise AtelierError(
                "params.yaml: expected collect.path (a folder of IDX files) or collect.url, found neither. Give one."
            )
        if name not in self.sha256:
            if needed:
                raise AtelierError(f"{name}: expected its digest under collect.sha256, since it is fetched; found none. Add it.")
            told = "expected its digest under collect.sha256, found none; it was not fetched. Add it if there are such labels."
            print(f"{name}: {told}", file=sys.stderr)
            return name, b""
        return _fetch(f"{self.url.rstrip('/')}/{name}.gz", self.inward)


@lru_cache(maxsize=4)
def _fetch(url: str, inward: bool) -> tuple[str, bytes]:
    if not url.startswith(("https://", "http://")):
        raise AtelierError(f"{url}: expected an address that begins with https:// or http://. Correct collect.url.")
    try:
        with opened(url, SECONDS, inward) as answer:
            return url, _read(url, answer)
    except (urllib.error.URLError, OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, PermissionError):
            raise AtelierError(
                f"{url}: expected a public address, found that {reason}; it was asked nothing. Set collect.inward to true if "
                "that is meant."
            ) from None
        raise AtelierError(f"{url}: expected a file here, could not fetch it ({reason}). Try later, or give a folder.") from None


def _read(place: str, stream: Any) -> bytes:
    """All of it, in pieces: asked for so much at once, a reader makes room for so much at once."""
    found = io.BytesIO()
    while piece := stream.read(_PIECE):
        if found.tell() + len(piece) > LARGEST:
            raise AtelierError(
                f"{place}: expected at most {LARGEST:,} bytes, packed or not, found more; nothing was kept. Split the file."
            )
        found.write(piece)
    return found.getvalue()


def _unpack(place: str, data: bytes) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            return _read(place, stream)
    except (OSError, EOFError, zlib.error) as error:
        raise AtelierError(f"{place}: expected a gz file, found it damaged ({error}). Fetch it again.") from None


def _array(name: str, content: bytes, dimensions: int) -> NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes: two zeros, 8, the number of dimensions, their sizes, the values."""
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != bytes([0, 0, 8, dimensions]):
        raise AtelierError(f"{name}: expected an IDX file of bytes with {dimensions} dimensions, found another beginning.")
    shape = [int(size) for size in np.frombuffer(content[4:start], ">u4")]
    if len(content) - start != int(np.prod(shape, dtype=object)):
        raise AtelierError(
            f"{name}: expected {shape} bytes after the header, found {len(content) - start}. Fetch the file again."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _png(image: NDArray[Any]) -> bytes:
    """A picture, uint8 [H, W], as PNG that is not compressed: so its bytes do not depend on a version of zlib."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG", compress_level=0)
    return stream.getvalue()
