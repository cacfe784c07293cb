"""Pictures of the right kind in wrong colours."""

import numpy as np
from numpy.random import Generator

from bench.defects.base import File, encode
from ganlib.pictures.decode import Pixels

_SEPIA = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))  # of red, green and blue each, as is usual


def cast(picture: Pixels, dice: Generator) -> File:
    """By the wrong light: one channel is as it was, of one two thirds to four fifths are left, of one about a half."""
    left = dice.permutation([1.0, dice.uniform(0.65, 0.8), dice.uniform(0.45, 0.6)])
    return File(encode(np.rint(picture * left).astype(np.uint8)))


def sepia(picture: Pixels, dice: Generator) -> File:
    """As an old photograph."""
    return File(encode(np.clip(np.rint(picture @ np.transpose(_SEPIA)), 0, 255).astype(np.uint8)))


def swapped(picture: Pixels, dice: Generator) -> File:
    """Red for blue, and blue for red."""
    return File(encode(picture[..., ::-1]))
