"""Copies of a picture that is in the set: the same again, or changed as pictures are on their way through the web.

Made here by Pillow, and not by `ganlib.pictures.duplicates.synthetic`, on whose copies the search is calibrated: it is not to be
measured on what it has learned from.
"""

import numpy as np
from numpy.random import Generator
from PIL import Image

from bench.defects.base import File, encode
from ganlib.pictures.decode import Pixels

_MARGIN = 0.03  # of a side


def same_bytes(picture: Pixels, dice: Generator) -> File:
    """The same file under another name."""
    return File(encode(picture))


def same_pixels(picture: Pixels, dice: Generator) -> File:
    """Other bytes: a PNG that is hardly compressed."""
    return File(encode(picture, compress_level=0))


def jpeg_75(picture: Pixels, dice: Generator) -> File:
    """A JPEG of the usual quality."""
    return _jpeg(picture, 75)


def jpeg_50(picture: Pixels, dice: Generator) -> File:
    """A JPEG of low quality."""
    return _jpeg(picture, 50)


def halved(picture: Pixels, dice: Generator) -> File:
    """Half as wide and as high."""
    return File(encode(_scaled(picture, 0.5)))


def enlarged(picture: Pixels, dice: Generator) -> File:
    """One and a half times as wide and as high."""
    return File(encode(_scaled(picture, 1.5)))


def shifted_x(picture: Pixels, dice: Generator) -> File:
    """One pixel to the right; what was the first column is there twice."""
    return File(encode(_shifted(picture, down=0, right=1)))


def shifted_y(picture: Pixels, dice: Generator) -> File:
    """One pixel down; what was the first row is there twice."""
    return File(encode(_shifted(picture, down=1, right=0)))


def shifted_xy(picture: Pixels, dice: Generator) -> File:
    """One pixel down and to the right."""
    return File(encode(_shifted(picture, down=1, right=1)))


def brightened(picture: Pixels, dice: Generator) -> File:
    """Brighter by 8 %."""
    return File(encode(_times(picture, 1.08)))


def darkened(picture: Pixels, dice: Generator) -> File:
    """Darker by 12 %."""
    return File(encode(_times(picture, 0.88)))


def paler(picture: Pixels, dice: Generator) -> File:
    """With 80 % of its contrast, about its mean."""
    mean = picture.mean()
    return File(encode(np.rint((picture - mean) * 0.8 + mean).clip(0, 255).astype(np.uint8)))


def with_gamma(picture: Pixels, dice: Generator) -> File:
    """Middle levels lighter or darker, by a gamma of 0.8 or 1.25; black and white as they are."""
    return File(encode(np.rint(255 * (picture / 255) ** dice.choice([0.8, 1.25])).astype(np.uint8)))


def in_grey(picture: Pixels, dice: Generator) -> File:
    """Without its colours."""
    return File(encode(Image.fromarray(picture).convert("L")))


def cropped(picture: Pixels, dice: Generator) -> File:
    """Less a margin of 3 % on every side, and as large as before."""
    return File(encode(_resized(picture[_inner(picture.shape[0]), _inner(picture.shape[1])], *picture.shape[:2])))


def cropped_corner(picture: Pixels, dice: Generator) -> File:
    """Less a margin of 3 % at the top and on the left, and as large as before."""
    top, left = (_inner(side).start for side in picture.shape[:2])
    return File(encode(_resized(picture[top:, left:], *picture.shape[:2])))


def mirrored(picture: Pixels, dice: Generator) -> File:
    """Left and right exchanged."""
    return File(encode(picture[:, ::-1]))


def mirrored_jpeg(picture: Pixels, dice: Generator) -> File:
    """Left and right exchanged, as a JPEG of the usual quality."""
    return _jpeg(picture[:, ::-1], 75)


def _jpeg(picture: Pixels, quality: int) -> File:
    return File(encode(picture, "JPEG", quality=quality), "{}.jpg")


def _shifted(picture: Pixels, down: int, right: int) -> Pixels:
    grown = np.pad(picture, ((down, 0), (right, 0), (0, 0)), mode="edge")
    return grown[: picture.shape[0], : picture.shape[1]]


def _times(picture: Pixels, factor: float) -> Pixels:
    levels: Pixels = np.clip(np.rint(picture * factor), 0, 255).astype(np.uint8)
    return levels


def _scaled(picture: Pixels, factor: float) -> Pixels:
    height, width = picture.shape[:2]
    return _resized(picture, round(height * factor), round(width * factor))


def _resized(picture: Pixels, height: int, width: int) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def _inner(side: int) -> slice:
    edge = max(1, round(side * _MARGIN))
    return slice(edge, side - edge)
