"""What a defect is, and how pictures become files."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from numpy.random import Generator
from PIL import Image

from ganlib.pictures.decode import Pixels

#: What is to become of it: "format" is to be kept and "junk" not even listed; of "exact", "near" and "toned", near but for its
#: levels, one of two is to stay.
Kind = Literal["unreadable", "junk", "format", "worthless", "exact", "near", "toned", "quality", "belonging"]
#: Which picture is spoiled: one that is not in the set otherwise, one that is, a foreign one, one of many alike foreign ones,
#: or any, since only its shape is looked at.
Origin = Literal["spare", "innocent", "stranger", "cluster", "any"]


@dataclass(frozen=True)
class File:
    """A file to be planted. name: a path with "{}" in the place of the stem, which tells nothing."""

    data: bytes
    name: str = "{}.png"


@dataclass(frozen=True)
class Defect:
    """spoil: makes a file of a picture, uint8 [H, W, 3], with dice for what is drawn at random."""

    kind: Kind
    spoil: Callable[[Pixels, Generator], File]
    of: Origin = "spare"


def encode(picture: Pixels | Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """A picture (uint8 [H, W, 3], with alpha [H, W, 4], or what Pillow holds) as a file of a format that Pillow names `form`."""
    stream = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(stream, form, **options)
    return stream.getvalue()
