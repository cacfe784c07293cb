"""The contact sheet of a comparison: a row of pictures a method, drawn from the same codes; real ones in the last."""

from collections.abc import Mapping

import numpy as np

from ganlib.sampling.grid import grid
from ganlib.training.batches import Pictures

_GAP = 2
_LEAST = 48  # pixels a side, at least: smaller pictures are enlarged by a whole factor
_LETTER = 14  # the height of the labels' letters, in pixels


def contact_sheet(rows: Mapping[str, Pictures | None]) -> Pictures:
    """Rows of pictures [N, S, S, 3] by label, in order, as one sheet [H, W, 3]; None leaves a row empty.

    Labels stand at the left; each is one line or more. Raises `ValueError` where there are no pictures at all.
    """
    some = next((row for row in rows.values() if row is not None), None)
    if some is None:
        raise ValueError("must have a row of pictures")
    blank = np.full_like(some, 255)
    side = some.shape[1]
    pictures = np.concatenate([blank if row is None else row for row in rows.values()])
    scale = max(1, -(-_LEAST // side))
    sheet = grid(pictures, columns=len(some), scale=scale, gap=_GAP)
    high = side * scale + _GAP
    return np.concatenate([_labels(list(rows), high, len(sheet)), sheet], axis=1)


def _labels(texts: list[str], high: int, height: int) -> Pictures:
    """The texts in black on white, one every `high` pixels, each in the middle of its row: [height, W, 3]."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(_LETTER)
    boxes = [ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, font) for text in texts]
    image = Image.new("RGB", (max(round(box[2]) for box in boxes) + 4 * _GAP, height), "white")
    draw = ImageDraw.Draw(image)
    for place, text in enumerate(texts):
        middle = _GAP + place * high + (high - _GAP) / 2
        draw.multiline_text((image.width - 2 * _GAP, middle), text, "black", font, anchor="rm", align="right")
    return np.asarray(image)
