"""Pictures that nothing is wrong with, in forms that a careless decoder gets wrong: shown rightly, each is the picture."""

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from bench.defects.base import File, encode
from ganlib.pictures.decode import Pixels

_ORIENTATION, _TURN_RIGHT = 0x0112, 6  # EXIF: to be turned by 90° clockwise before it is shown


def wrong_extension(picture: Pixels, dice: Generator) -> File:
    """A PNG that was named .jpg."""
    return File(encode(picture), "{}.jpg")


def cmyk(picture: Pixels, dice: Generator) -> File:
    """A JPEG for printers."""
    return File(encode(Image.fromarray(picture).convert("CMYK"), "JPEG", quality=95), "{}.jpg")


def grey_16(picture: Pixels, dice: Generator) -> File:
    """The picture in grey, 16 bits a pixel."""
    grey = np.asarray(Image.fromarray(picture).convert("L")).astype(np.uint16)
    return File(encode(Image.fromarray(grey * 257)))


def palette(picture: Pixels, dice: Generator) -> File:
    """A PNG of 256 colours that a table holds."""
    return File(encode(Image.fromarray(picture).quantize(256)))


def alpha(picture: Pixels, dice: Generator) -> File:
    """Rounded corners: opaque but for them, where nothing is to be seen though the colours are wild."""
    height, width = picture.shape[:2]
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width - 1, height - 1), radius=height // 8, fill=255)
    opaque = np.asarray(mask)[..., None]
    wild = dice.integers(0, 256, picture.shape, dtype=np.uint8)
    return File(encode(np.concatenate([np.where(opaque, picture, wild), opaque], axis=2)))


def rotated(picture: Pixels, dice: Generator) -> File:
    """A JPEG that lies on its side and says so, as a telephone writes it."""
    exif = Image.Exif()
    exif[_ORIENTATION] = _TURN_RIGHT
    return File(encode(np.rot90(picture), "JPEG", quality=95, exif=exif), "{}.jpg")


def animated_gif(picture: Pixels, dice: Generator) -> File:
    """Two frames; the first is the picture."""
    return File(encode(picture, "GIF", **_second_frame(picture)), "{}.gif")


def animated_webp(picture: Pixels, dice: Generator) -> File:
    """Two frames; the first is the picture."""
    return File(encode(picture, "WEBP", quality=95, **_second_frame(picture)), "{}.webp")


def _second_frame(picture: Pixels) -> dict[str, object]:
    return {"save_all": True, "append_images": [Image.fromarray(255 - picture)], "duration": 100}
