"""What Pillow does not see to in a PNG: checksums of all chunks, long texts, transparent colours of any depth."""

import io
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.depth import eight_bits, is_deep

if TYPE_CHECKING:
    from PIL.Image import Image

_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
_TURNING = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0")  # begin the texts that may say which way up a picture is


def depth(data: bytes) -> int:
    """Bits a channel, by the header."""
    return data[24]


def sums_right(data: bytes) -> bool:
    """Whether every chunk has the checksum that it says: decoders look at some only."""
    view = memoryview(data)
    for start, end in _chunks(data):
        if zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            return False
        if data[start + 4 : start + 8] == b"IEND":
            return True
    return False


def lighter(data: bytes, error: Exception) -> bytes | None:
    """The same file but for comments and colour profile, which nothing here asks for, if they are what Pillow gave up over (it
    takes a megabyte of each, inflated, and 64 in all); else None."""
    if "MAX_TEXT_" not in str(error) or not sums_right(data):
        return None
    view = memoryview(data)
    kept = b"".join([view[:8], *(view[start:end] for start, end in _chunks(data) if not _is_idle(view[start:end]))])
    return kept if len(kept) < len(data) else None


def keyed(picture: "Image", data: bytes) -> "Image":
    """A loaded picture with its transparent colour, if it has one, as Pillow will find it, or else with an alpha channel.

    Pillow looks for the colour as it stands in the file (chunk tRNS), though it has scaled grey of two or four bits to eight,
    kept but the upper eight of sixteen in colour, and has no alpha for grey of sixteen.
    """
    key, bits = picture.info.get("transparency"), depth(data)
    if picture.mode == "L" and key is not None and bits < 8:
        most = 2**bits - 1
        picture.info["transparency"] = (key & most) * 255 // most
    elif picture.mode == "I;16" and key is not None:
        return _cut(picture, np.asarray(picture) != key)
    elif picture.mode == "RGB" and key is not None and bits == 16:
        values = np.asarray(picture).astype(np.uint16) << 8 | _low_bytes(data)
        return _cut(picture, (values != np.asarray(key)).any(axis=2))
    return picture


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each whole chunk begins, and where its checksum ends."""
    start = 8
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4], "big")
        yield start, end
        start = end


def _is_idle(chunk: memoryview) -> bool:
    return bytes(chunk[4:8]) in _TEXTS and not bytes(chunk[8:40]).startswith(_TURNING)


def _low_bytes(data: bytes) -> NDArray[np.uint8]:
    """The lower eight bits of each channel, uint8 [H, W, 3]: Pillow keeps the upper ones alone, and takes the lower ones for
    them if it is told that a value begins with its lower byte, as in a PNG it never does."""
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=["PNG"]) as swapped:
        swapped.tile = [tile._replace(args="RGB;16L") for tile in swapped.tile]
        return np.asarray(swapped)


def _cut(picture: "Image", opaque: NDArray[np.bool_]) -> "Image":
    """The picture in eight bits, with what is not opaque cut out."""
    from PIL import Image

    shallow = eight_bits(picture) if is_deep(picture) else picture
    shallow.putalpha(Image.fromarray(opaque))
    return shallow
