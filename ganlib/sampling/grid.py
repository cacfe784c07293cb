"""Many pictures on one sheet."""

import numpy as np

from ganlib.training.batches import Pictures


def grid(pictures: Pictures, columns: int, scale: int = 1, gap: int = 2, paper: int = 255) -> Pictures:
    """Pictures [N, H, W, C] as one sheet [H', W', C], row by row, each enlarged `scale` times without smoothing."""
    number, height, width, channels = pictures.shape
    rows = -(-number // columns)
    high, wide = height * scale + gap, width * scale + gap
    sheet = np.full((rows * high + gap, columns * wide + gap, channels), paper, np.uint8)
    for index, picture in enumerate(pictures.repeat(scale, axis=1).repeat(scale, axis=2)):
        top, left = gap + index // columns * high, gap + index % columns * wide
        sheet[top : top + height * scale, left : left + width * scale] = picture
    return sheet
