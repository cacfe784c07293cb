"""From pictures of any shape to squares of one size."""

import os
import threading
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ganlib.pictures.decode import Pixels


def preparation(size: int, fit: Literal["crop", "pad"], background: tuple[int, ...]) -> Callable[[Pixels], Pixels]:
    """A function from uint8 [H, W, C] to uint8 [size, size, C].

    "crop" keeps the middle square, "pad" the whole picture, on `background` (a value a channel). Shrinking averages over
    areas, growing is cubic. The chain is an albumentations `Compose` in which nothing is left to chance. Each
    thread has its own, for transforms note down what they are working on.
    """
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else its import asks the network for a newer version
    import albumentations as A  # type: ignore[import-untyped]
    import cv2

    cv2.setNumThreads(1)  # pictures are worked on side by side
    how: dict[str, Any] = {"interpolation": cv2.INTER_CUBIC, "area_for_downscale": "image"}
    own = threading.local()

    def chain() -> Any:
        if not hasattr(own, "chain"):
            pad = A.PadIfNeeded(size, size, border_mode=cv2.BORDER_CONSTANT, fill=background)
            steps = [A.Resize(size, size, **how)] if fit == "crop" else [A.LongestMaxSize(size, **how), pad]
            own.chain = A.Compose(steps, seed=0)
        return own.chain

    def prepare(pixels: Pixels) -> Pixels:
        return _contiguous(chain()(image=_middle(pixels) if fit == "crop" else pixels)["image"])

    return prepare


def _middle(pixels: Pixels) -> Pixels:
    """The middle square. Cut before anything grows: a hair of 1 by 60,000 pixels would become 32 by 2 million."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def _contiguous(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels if pixels.ndim == 3 else pixels[..., None])
