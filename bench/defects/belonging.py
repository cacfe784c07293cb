"""Good pictures of something else."""

import string

from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont

from bench.defects.base import File, encode
from ganlib.pictures.decode import Pixels


def foreign(picture: Pixels, dice: Generator) -> File:
    """A picture of another kind, as it is."""
    return File(encode(picture))


def text_page(picture: Pixels, dice: Generator) -> File:
    """A white page with lines of dark text, as large as the picture."""
    height, width = picture.shape[:2]
    page = Image.new("RGB", (width, height), "white")
    size = max(6, height // int(dice.integers(6, 10)))
    ink = tuple(int(value) for value in dice.integers(0, 60, 3))
    for top in range(size // 2, height - size, size + size // 4):
        ImageDraw.Draw(page).text((size // 2, top), _line(width // 4, dice), fill=ink, font=ImageFont.load_default(size))
    return File(encode(page))


def _line(letters: int, dice: Generator) -> str:
    """So many letters and spaces; what does not fit on the page is cut off."""
    return "".join(dice.choice(list(string.ascii_lowercase + " " * 6), letters))
