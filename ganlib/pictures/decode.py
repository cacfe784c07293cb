"""From the bytes of a stranger's file to pixels: only known formats, sizes looked at first, one form at the end."""

import io
import warnings
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures import png
from ganlib.pictures.depth import eight_bits, is_deep, is_misread
from ganlib.pictures.formats import ENDINGS, HEAD, sniff

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

Pixels = NDArray[np.uint8]

MOST_PIXELS = 64_000_000
WHITE = (255, 255, 255)
# What undoes each orientation that turns a picture, by its number in EXIF (CIPA DC-008, tag 0x0112), as Pillow names it.
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}

# About odd metadata, and about sizes that are refused below. Once and for all: what `catch_warnings` would put back is one
# for all threads, and pictures are decoded in several.
warnings.filterwarnings("ignore", module=r"PIL\.|ganlib\.pictures\.decode")


class Refused(Exception):
    """A picture that is not decoded; `reason` is the code that its verdict bears."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Decoded:
    """A picture and how it was found. width, height: in pixels, as encoded. notes: codes out of `NOTES`, of what is unusual about
    the file, though it was read as it is meant."""

    pixels: Pixels
    width: int
    height: int
    lossless: bool
    notes: tuple[str, ...]


def decode(data: bytes, mode: Literal["RGB", "L"] = "RGB", background: tuple[int, ...] = WHITE, near: int = 0) -> Pixels:
    """The pixels alone of what `examine` finds."""
    return examine("", data, mode, background, near).pixels


def examine(
    name: str, data: bytes, mode: Literal["RGB", "L"] = "RGB", background: tuple[int, ...] = WHITE, near: int = 0
) -> Decoded:
    """An encoded picture, its pixels uint8 [H, W, 3] for "RGB" or [H, W, 1] for "L", the way up it is meant to be seen.

    The first frame of an animation; alpha over `background` (RGB, 0 to 255); 16 bits and floats scaled to 8. A JPEG much
    larger than `near` pixels a side may come at an eighth, a quarter or half of its size, never below four times `near`.
    Raises `Refused`: "empty-file", "not-a-picture", "too-many-pixels", "truncated", "damaged" or "unknown-colours".
    """
    if not data:
        raise Refused("empty-file")
    form = sniff(data[:HEAD])
    if form is None:
        raise Refused("not-a-picture")
    try:
        return _decode(name, data, form, mode, background, near)
    except (Refused, MemoryError):
        raise
    except Exception as error:  # a decoder may raise anything on the bytes of strangers
        lighter = png.lighter(data, error)
        if lighter is None:
            raise Refused(_reason(data, form, error)) from None
    return examine(name, lighter, mode, background, near)


def _decode(name: str, data: bytes, form: str, mode: Literal["RGB", "L"], background: tuple[int, ...], near: int) -> Decoded:
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=[form]) as picture:
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise Refused("too-many-pixels")
        if form == "PNG":
            picture.load()  # which way up it is meant may be said after the pixels
        turn = _turn(picture)
        notes = tuple(code for code, noted in _notes(name, data, form, picture, turn).items() if noted)
        if near and form == "JPEG":
            picture.draft(None, (4 * near, 4 * near))
        picture.load()
        if form == "PNG" and not png.sums_right(data):
            raise Refused("damaged" if _ends(data, form) else "truncated")
        shallow = _shallow(picture, data, form)
        upright = shallow if turn is None or form == "TIFF" else shallow.transpose(turn)  # Pillow has turned a TIFF
        return Decoded(_flat(upright, mode, background), width, height, form not in ("JPEG", "WEBP"), notes)


def _notes(name: str, data: bytes, form: str, picture: "Image", turn: "Transpose | None") -> dict[str, bool]:
    """What is unusual, by the codes of `ganlib.pictures.codes.NOTES`."""
    ending = PurePosixPath(name).suffix.lower()
    return {
        "wrong-extension": ending in ENDINGS and ENDINGS[ending] != form,
        "cmyk": picture.mode == "CMYK",
        "deep": is_deep(picture) or (form == "PNG" and png.depth(data) == 16),
        "palette": picture.mode == "P",
        "alpha": picture.has_transparency_data,
        "turned": turn is not None,
        # The other pages of a TIFF are no frames, and to count them is to meet with all that is wrong in them.
        "animated": form != "TIFF" and getattr(picture, "n_frames", 1) > 1,
    }


def _turn(picture: "Image") -> "Transpose | None":
    """What turns a picture upright, by the orientation in its EXIF data, else in its XMP; None where that is neither there nor
    one that turns, whatever else is wrong with the data."""
    try:
        name = _TURNS.get(picture.getexif().get(0x0112, 0))
    except Exception:
        return None
    if name is None:
        return None
    from PIL.Image import Transpose

    return Transpose[name]


def _shallow(picture: "Image", data: bytes, form: str) -> "Image":
    """A loaded picture in eight bits a channel."""
    if form == "TIFF" and is_misread(picture):
        raise Refused("damaged")
    whole = png.keyed(picture, data) if form == "PNG" else picture  # before its values become others
    return eight_bits(whole) if is_deep(whole) else whole


def _flat(picture: "Image", mode: Literal["RGB", "L"], background: tuple[int, ...]) -> Pixels:
    """No palette, no alpha, three channels or one."""
    from PIL import Image

    if picture.mode == "LAB":
        raise Refused("unknown-colours")
    if picture.has_transparency_data:
        ground = Image.new("RGBA", picture.size, (*background, 255))
        picture = Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")
    pixels = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _reason(data: bytes, form: str, error: Exception) -> str:
    from PIL.Image import DecompressionBombError

    if isinstance(error, DecompressionBombError):
        return "too-many-pixels"
    return "truncated" if "truncated" in str(error) or not _ends(data, form) else "damaged"


def _ends(data: bytes, form: str) -> bool:
    """Whether a file is as long as it should be, as far as its format tells."""
    if form == "PNG":
        return b"IEND" in data[-64:]
    if form == "JPEG":
        return b"\xff\xd9" in data[-64:]
    if form == "WEBP":
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    if form == "BMP":
        return len(data) >= int.from_bytes(data[2:6], "little")
    return form != "GIF" or data.rstrip(b"\0").endswith(b";")
