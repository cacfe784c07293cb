"""The small copy of a picture that all checks look at: alike in size and colours, framed as it will be learned from."""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np

from ganlib.pictures.decode import WHITE, Pixels
from ganlib.pictures.prepare import preparation

VIEW = 64  # pixels a side


def viewing(fit: Literal["crop", "pad"], background: tuple[int, ...]) -> Callable[[Pixels], Pixels]:
    """A function from decoded pixels, uint8 [H, W, C], to a view, uint8 [64, 64, 3]."""
    prepare = preparation(VIEW, fit, background)

    def view(pixels: Pixels) -> Pixels:
        found = prepare(pixels)
        return found if found.shape[2] == 3 else np.repeat(found, 3, axis=2)

    return view


def without_bars(view: Pixels, share: float) -> Pixels:
    """The square in the middle of a view that bars made square, as a view. share: of its picture's longer side, the shorter."""
    side = max(1, int(VIEW * share))
    start = (VIEW - side) // 2
    return _enlarging()(view[start : start + side, start : start + side])


@lru_cache
def _enlarging() -> Callable[[Pixels], Pixels]:
    return preparation(VIEW, "crop", WHITE)


def greyed(views: Pixels) -> Pixels:
    """Views uint8 [N, H, W, 3] in grey, of three channels still."""
    import cv2

    luma = cv2.cvtColor(views.reshape(-1, *views.shape[2:]), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(luma, cv2.COLOR_GRAY2RGB), np.uint8).reshape(views.shape)
