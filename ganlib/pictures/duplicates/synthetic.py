"""Copies of the user's own pictures, made as copies come about: what the search for duplicates is calibrated on."""

import io
from collections.abc import Callable

import numpy as np

from ganlib.pictures.decode import Pixels

_POOR = 45  # of 100


def saved_again(view: Pixels) -> Pixels:
    """As a JPEG of as low a quality as there is reason to expect."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(view).save(stream, "JPEG", quality=_POOR)
    with Image.open(stream) as picture:
        return _picture(picture.convert("RGB"))


def resized(view: Pixels, size: int) -> Pixels:
    """Through another size and back."""
    import cv2

    side = len(view)
    how = cv2.INTER_AREA if size < side else cv2.INTER_CUBIC
    return _picture(cv2.resize(cv2.resize(view, (size, size), interpolation=how), (side, side), interpolation=cv2.INTER_CUBIC))


def shifted(view: Pixels, right: int, down: int) -> Pixels:
    """By whole pixels; what comes in repeats the edge."""
    reach = max(abs(right), abs(down))
    padded = np.pad(view, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    side = len(view)
    return _picture(padded[reach - down : reach - down + side, reach - right : reach - right + side])


def brightened(view: Pixels, gain: float) -> Pixels:
    """Every level times `gain`, cut off at white."""
    return _picture(np.clip(np.rint(view * gain), 0, 255))


def cropped(view: Pixels, left: int, top: int, right: int, bottom: int) -> Pixels:
    """Without some pixels of each edge, stretched to the same size."""
    import cv2

    side = len(view)
    return _picture(cv2.resize(view[top : side - bottom, left : side - right], (side, side), interpolation=cv2.INTER_CUBIC))


def _picture(pixels: object) -> Pixels:
    return np.asarray(pixels, np.uint8)


WAYS: tuple[Callable[[Pixels], Pixels], ...] = (
    saved_again,
    lambda view: resized(view, len(view) // 2),
    lambda view: resized(view, len(view) * 3 // 2),
    lambda view: shifted(view, 1, -1),
    lambda view: brightened(view, 1.1),
    lambda view: cropped(view, 2, 2, 2, 2),
    lambda view: cropped(view, 2, 2, 0, 0),
)
