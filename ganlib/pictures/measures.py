"""What is measured on one picture alone, on its view, so that checks can compare pictures by it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.decode import Pixels

_PATCH, _QUIET = 8, 0.15  # pixels; the share of patches with least grain
_SCALES = ((7, 1.0), (15, 2.5))  # widths and sigmas of two Gaussians, in pixels
_FAINT = 0.3  # levels: what is flat has no edges to judge by
_STRIPES, _PITCH = 12.0, (3, 17)  # levels; pixels from one line of text to the next


@dataclass(frozen=True, slots=True)
class Measures:
    """Of a view, in levels 0..255 unless said otherwise.

    spread: standard deviation of the levels, of the channel that has most. busy: the share of pixels that are not of the most
    frequent colour. sharpness: finest details to somewhat larger ones, a ratio, across or down, whichever is less (motion blurs
    in one direction). grain: what a median of 3 by 3 pixels takes away in the quietest parts of the picture. dark, light:
    brightness below, above which lie 2 % of the pixels. white: the share of pixels that are as good as white. lines: how alike
    the picture is to itself some rows further down, as lines of text are: a correlation; 0 where no rows stand out.
    """

    spread: float
    busy: float
    sharpness: float
    grain: float
    dark: float
    light: float
    white: float
    lines: float


def measure(view: Pixels) -> Measures:
    """Of a view, uint8 [H, W, 3]."""
    import cv2

    luma = _bytes(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY))
    dark, middle, light = _levels(luma, 0.02, 0.5, 0.98)
    return Measures(
        spread=float(np.max(cv2.meanStdDev(view)[1])),
        busy=_busy(view),
        sharpness=_sharpness(luma.astype(np.float32)),
        grain=_grain(luma),
        dark=dark,
        light=light,
        white=float((luma >= 250).mean()),
        lines=_lines(_bytes(cv2.absdiff(luma, np.full_like(luma, middle)))),
    )


def _levels(channel: Pixels, *shares: float) -> list[float]:
    """The levels below which these shares of the pixels lie."""
    counts = np.cumsum(np.bincount(channel.ravel(), minlength=256))
    return [float(level) for level in np.searchsorted(counts, np.array(shares) * channel.size)]


def _busy(view: Pixels) -> float:
    """Colours within 16 levels in every channel of the middle one count as one colour with it."""
    import cv2

    middle = np.array([_levels(view[..., channel], 0.5)[0] for channel in range(3)])
    alike = cv2.countNonZero(cv2.inRange(view, middle - 16, middle + 16))
    return float(1 - alike / (view.shape[0] * view.shape[1]))


def _sharpness(luma: NDArray[np.float32]) -> float:
    details = [_details(luma), _details(np.ascontiguousarray(luma.T))]
    most = max(coarse for _, coarse in details)
    return min(fine / (coarse + _FAINT) for fine, coarse in details if coarse >= most / 10)


def _details(luma: NDArray[np.float32]) -> tuple[float, float]:
    """Finest details from left to right, and those somewhat larger: root mean squares, in levels."""
    import cv2

    once, more = (cv2.GaussianBlur(luma, (size, 1), sigma, borderType=cv2.BORDER_REPLICATE) for size, sigma in _SCALES)
    side = luma.size**0.5
    return cv2.norm(luma, once) / side, cv2.norm(once, more) / side


def _lines(ink: Pixels) -> float:
    """Of how far every pixel is from the middle brightness."""
    down, across = (_rugged(ink.mean(axis=axis, dtype=np.float32)) for axis in (1, 0))
    strength = down @ down
    if strength < len(ink) * _STRIPES**2 or strength < 2 * (across @ across):
        return 0.0
    return float(max(down[:-lag] @ down[lag:] for lag in range(*_PITCH)) / strength)


def _rugged(profile: NDArray[np.float32]) -> NDArray[np.float32]:
    """What changes from row to row, without what changes slowly."""
    reach = _PITCH[1] // 2
    slow = np.convolve(np.pad(profile, reach, mode="edge"), np.full(2 * reach + 1, 1 / (2 * reach + 1)), "valid")
    return (profile - slow).astype(np.float32)


def _grain(luma: Pixels) -> float:
    import cv2

    taken = cv2.absdiff(luma, cv2.medianBlur(luma, 3)).astype(np.float32)
    side = len(luma) // _PATCH
    patches = cv2.resize(taken, (side, side), interpolation=cv2.INTER_AREA)
    return float(np.sort(patches, axis=None)[round(side * side * _QUIET)])


def _bytes(pixels: object) -> Pixels:
    return np.asarray(pixels, np.uint8)
