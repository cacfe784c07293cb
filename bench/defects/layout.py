"""Pictures of the right kind that do not show it as the others do.

Lengths in pixels are those at 64 a side, and grow with it.
"""

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from bench.defects.base import File, encode
from ganlib.pictures.decode import Pixels

_SIDE = 64


def letterboxed(picture: Pixels, dice: Generator) -> File:
    """As of a film on a narrower screen: black bars of 8 to 14 pixels above and below, over what was there."""
    bar = _scaled(int(dice.integers(8, 15)), picture)
    barred = picture.copy()
    barred[:bar] = barred[-bar:] = 0
    return File(encode(barred))


def half_lost(picture: Pixels, dice: Generator) -> File:
    """A download that ended early, saved again: grey from some row on, the 20th to the 44th."""
    lost = picture.copy()
    lost[_scaled(int(dice.integers(20, 45)), picture) :] = 128
    return File(encode(lost))


def covered(picture: Pixels, dice: Generator) -> File:
    """A square of one colour, 22 to 30 pixels a side, lies over it."""
    side = _scaled(int(dice.integers(22, 31)), picture)
    top, left = dice.integers(0, np.array(picture.shape[:2]) - side + 1)
    hidden = picture.copy()
    part = hidden[top : top + side, left : left + side]
    colour = dice.integers(0, 128, 3) + np.where(part.mean((0, 1)) < 128, 128, 0)  # none that could as well have been there
    part[:] = colour
    return File(encode(hidden))


def captioned(picture: Pixels, dice: Generator) -> File:
    """White letters on a black bar of 12 to 16 pixels, at its foot or at its head."""
    height, width = picture.shape[:2]
    bar = _scaled(int(dice.integers(12, 17)), picture)
    top = int(dice.choice([0, height - bar]))
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, top, width, top + bar), fill="black")
    words = "".join(chr(97 + int(letter)) if letter < 26 else " " for letter in dice.integers(0, 31, 10))
    draw.text((_scaled(2, picture), top), words, fill="white", font_size=_scaled(11, picture))
    return File(encode(image))


def off_centre(picture: Pixels, dice: Generator) -> File:
    """Moved by 14 to 24 pixels either way; what comes in is as the edge was."""
    height, width = picture.shape[:2]
    down, right = (_scaled(int(length), picture) for length in dice.integers(14, 25, 2) * dice.choice([-1, 1], 2))
    rows, columns = np.clip(np.arange(height) - down, 0, height - 1), np.clip(np.arange(width) - right, 0, width - 1)
    return File(encode(picture[rows][:, columns]))


def tilted(picture: Pixels, dice: Generator) -> File:
    """Turned by 20 to 40 degrees, on the colour of its corner."""
    angle = float(dice.uniform(20, 40) * dice.choice([-1, 1]))
    corner = tuple(int(level) for level in picture[0, 0])
    return File(encode(Image.fromarray(picture).rotate(angle, Image.Resampling.BICUBIC, fillcolor=corner)))


def _scaled(length: int, picture: Pixels) -> int:
    return round(length * len(picture) / _SIDE)
