"""Pictures that can be read and show nothing."""

import numpy as np
from numpy.random import Generator
from PIL import Image

from bench.defects.base import File, encode
from ganlib.pictures.decode import Pixels

_TINY, _LONG, _DOT = 6, 10, 3


def tiny(picture: Pixels, dice: Generator) -> File:
    """The picture at 6 by 6 pixels."""
    return File(encode(Image.fromarray(picture).resize((_TINY, _TINY), Image.Resampling.BOX)))


def ribbon(picture: Pixels, dice: Generator) -> File:
    """The picture, ten times as wide as it is high."""
    height = picture.shape[0]
    return File(encode(Image.fromarray(picture).resize((_LONG * height, height), Image.Resampling.BICUBIC)))


def flat(picture: Pixels, dice: Generator) -> File:
    """One colour."""
    return File(encode(_one_colour(picture, dice)))


def nearly_flat(picture: Pixels, dice: Generator) -> File:
    """One colour, every value off by at most one."""
    return File(encode(_one_colour(picture, dice) - 1 + dice.integers(0, 3, picture.shape, dtype=np.uint8)))


def nearly_empty(picture: Pixels, dice: Generator) -> File:
    """One colour but for a dot of 3 by 3 pixels of another."""
    ground = _one_colour(picture, dice)
    top, left = (dice.integers(side - _DOT + 1) for side in picture.shape[:2])
    ground[top : top + _DOT, left : left + _DOT] = (ground[0, 0] + dice.integers(64, 193, 3)) % 256
    return File(encode(ground))


def _one_colour(picture: Pixels, dice: Generator) -> Pixels:
    """Of the shape of `picture`; no value is 0 or 255, so that each can be off by one."""
    return np.broadcast_to(dice.integers(1, 255, 3, dtype=np.uint8), picture.shape).copy()
