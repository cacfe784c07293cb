"""Pictures of the right kind that a camera, a scanner or a wire has spoiled.

Lengths in pixels are those at 64 a side, and grow with it.
"""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from bench.defects.base import File, encode
from ganlib.pictures.decode import Pixels

_SIDE = 64


def blurred(picture: Pixels, dice: Generator) -> File:
    """Out of focus: a Gaussian of 2 to 3.5 pixels."""
    sigma = dice.uniform(2.0, 3.5) * picture.shape[0] / _SIDE
    return File(encode(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(sigma))))


def motion_blurred(picture: Pixels, dice: Generator) -> File:
    """The camera was turned: a horizontal mean of 7 to 11 pixels."""
    length = round(int(dice.integers(7, 12)) * picture.shape[1] / _SIDE)
    before = length // 2
    padded = np.pad(picture.astype(np.float64), ((0, 0), (before, length - 1 - before), (0, 0)), mode="edge")
    return _file(np.lib.stride_tricks.sliding_window_view(padded, length, axis=1).mean(-1))


def noisy(picture: Pixels, dice: Generator) -> File:
    """Too little light: normal noise of 25 to 50 levels."""
    return _file(picture + dice.normal(0, dice.uniform(25, 50), picture.shape))


def salt_and_pepper(picture: Pixels, dice: Generator) -> File:
    """5 to 10 % of all pixels are black or white."""
    hit = dice.random(picture.shape[:2]) < dice.uniform(0.05, 0.10)
    grains = 255.0 * dice.integers(0, 2, (*picture.shape[:2], 1))
    return _file(np.where(hit[..., None], grains, picture))


def over_exposed(picture: Pixels, dice: Generator) -> File:
    """Far too much light: most of it is white."""
    return _file(picture * 2.2 + 60)


def under_exposed(picture: Pixels, dice: Generator) -> File:
    """Hardly any light: nothing is brighter than 38 of 255 levels."""
    return _file(picture * 0.15)


def pale(picture: Pixels, dice: Generator) -> File:
    """Veiled: a tenth to a fifth of the contrast is left, about the mean."""
    return _file((picture - picture.mean()) * dice.uniform(0.1, 0.2) + picture.mean())


def upside_down(picture: Pixels, dice: Generator) -> File:
    """The top below."""
    return File(encode(picture[::-1, ::-1]))


def turned(picture: Pixels, dice: Generator) -> File:
    """By a quarter, to either side."""
    return File(encode(np.rot90(picture, dice.choice([1, 3]))))


def negative(picture: Pixels, dice: Generator) -> File:
    """Every level's opposite."""
    return File(encode(255 - picture))


def _file(levels: NDArray[np.floating[Any]]) -> File:
    return File(encode(np.clip(np.rint(levels), 0, 255).astype(np.uint8)))
