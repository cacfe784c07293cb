"""What is measured on pictures, each alone, on their views, so that checks can compare them by it."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.decode import Pixels

#: Of a view, in levels 0..255 unless said otherwise.
MEASURES = {
    "spread": "standard deviation of the levels, of the channel that has most",
    "busy": "the share of pixels that are not of the most frequent colour",
    "sharpness": "finest details to somewhat larger ones, a ratio, across or down, whichever is less (motion blurs one)",
    "grain": "what a median of 3 by 3 pixels takes away in the quietest parts of the picture, as far as it is noise, no texture",
    "dark": "brightness below which lie 2 % of the pixels",
    "light": "brightness above which lie 2 % of the pixels",
    "white": "the share of pixels that are as good as white",
    "tint": "how far channels are apart, of the 2 % of the pixels in which they are most; up to `GREY` it is grey to the eye",
    "hues": "how far colours are from the line through most of them: 0 where they all lie on it, as shades of grey or sepia do",
    "lines": "how alike it is to itself some rows further down, as lines of text are: a correlation; 0 where no rows stand out",
}

GREY = 8
_PATCH, _QUIET = 8, 0.15  # pixels; the share of patches with least grain
#: How alike neighbouring pixels are in noise at most, and in texture at least: correlations, in so many of the patches that vary
#: least, but for this share of them, in which there is something else.
_NOISE, _TEXTURE = 0.15, 0.25
_QUIETEST, _CLEAREST = 22, 0.2
_SCALES = ((7, 1.0), (15, 2.5))  # widths and sigmas of two Gaussians, in pixels
_BITS = 14  # of the weights of those: with 8 of a level as many as float32 sums up exactly
_FAINT = 0.3  # levels: what is flat has no edges to judge by
_STRIPES, _PITCH = 12.0, (3, 17)  # levels; pixels from one line of text to the next
_CLIPPED, _CLEAR = 250, 0.05  # levels; the share of pixels that must be left
_ALIKE = 16  # levels: colours that are one colour


def measure(views: Pixels) -> dict[str, NDArray[np.float64]]:
    """Each of `MEASURES`, [N], of views uint8 [N, H, H, 3]. All pictures at once: a call to a library costs more than a view."""
    import cv2

    number, side = views.shape[:2]
    # What works on pixels or on rows alone takes many pictures as one that is very high.
    luma = np.asarray(cv2.cvtColor(views.reshape(-1, side, 3), cv2.COLOR_RGB2GRAY), np.uint8).reshape(number, side, side)
    bright, colours = _histograms(luma[..., None])[:, 0], _histograms(views)
    dark, middle, light = _levels(bright, (0.02, 0.5, 0.98))
    found = {
        "spread": _spreads(colours).max(axis=1),
        "busy": _busy(views, _levels(colours, (0.5,))[0]),
        "sharpness": _sharpness(luma),
        "grain": _grain(luma),
        "dark": dark,
        "light": light,
        "white": bright[:, 250:].sum(axis=1) / side**2,
        "tint": tints(views),
        "hues": _hues(views),
        "lines": _lines(np.abs(luma - middle[:, None, None].astype(np.float32))),
    }
    return {name: values.astype(np.float64) for name, values in found.items()}


def _histograms(views: Pixels) -> NDArray[np.int64]:
    """How many pixels have each level, [N, C, 256]."""
    import cv2

    channels = range(views.shape[3])
    counts = [[cv2.calcHist([view], [channel], None, [256], [0, 256]) for channel in channels] for view in views]
    return np.asarray(counts, np.int64).reshape(len(views), -1, 256)


def _levels(counts: NDArray[np.int64], shares: Sequence[float]) -> list[NDArray[np.float64]]:
    """The levels below which these shares of the pixels lie, of histograms [..., 256]."""
    sums = counts.cumsum(axis=-1)
    return [(sums < share * sums[..., -1:]).sum(axis=-1).astype(np.float64) for share in shares]


def _spreads(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    levels = np.arange(256)
    total = counts.sum(axis=-1)
    mean = (counts * levels).sum(axis=-1) / total
    return np.asarray(np.sqrt(np.maximum((counts * levels**2).sum(axis=-1) / total - mean**2, 0)))


def _busy(views: Pixels, middle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours near the middle one in every channel count as one colour with it."""
    import cv2

    alike = [cv2.countNonZero(cv2.inRange(view, m - _ALIKE, m + _ALIKE)) for view, m in zip(views, middle, strict=True)]
    return 1 - np.array(alike, np.float64) / views[0, ..., 0].size


def tints(views: Pixels) -> NDArray[np.float64]:
    """The measure `tint` alone, [N], of views uint8 [N, H, H, 3]."""
    red, green, blue = (views[..., channel] for channel in range(3))
    apart = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return _levels(_histograms(apart[..., None])[:, 0], (0.98,))[0]


def _hues(views: Pixels) -> NDArray[np.float64]:
    """The deviation of the colours along the second of their principal axes (Pearson 1901), of one pixel in four.

    Without what is clipped, where a colour is no longer what it was; unless that is nearly all.
    """
    colours = views[:, ::2, ::2].reshape(len(views), -1, 3)
    clear = colours.max(2) < _CLIPPED
    clear[clear.mean(1) < _CLEAR] = True
    number = clear.sum(1)
    clean = (colours * clear[..., None]).astype(np.float64)
    means = clean.sum(1) / number[:, None]
    squares = clean.swapaxes(1, 2) @ clean / number[:, None, None]  # exact: sums of whole numbers
    spread = squares - means[:, :, None] * means[:, None]
    return np.asarray(np.sqrt(np.linalg.eigvalsh(spread)[:, 1].clip(0)))


def _sharpness(luma: Pixels) -> NDArray[np.float64]:
    across, down = _details(luma), _details(np.ascontiguousarray(luma.transpose(0, 2, 1)))
    fine, coarse = (np.stack(pair) for pair in zip(across, down, strict=True))
    ratios = np.where(coarse >= coarse.max(axis=0) / 10, fine / (coarse + _FAINT), np.inf)
    return np.asarray(ratios.min(axis=0))


def _details(luma: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Finest details from left to right, and those somewhat larger: root mean squares, in levels."""
    rows = luma.reshape(-1, luma.shape[2]).astype(np.float32)
    fine, coarse = (_norms(_product(rows, band), len(luma)) for band in _bands(luma.shape[2]))
    return fine, coarse


@lru_cache
def _bands(side: int) -> list[NDArray[np.float32]]:
    """[side, side]: what the smaller Gaussian takes away from rows of pixels, and what the larger one takes from what it leaves.

    As products with a matrix, several times as quick as filters of rows so short. Weights are multiples of 2^-14, so that
    float32 holds every product and sum as it is, whatever else is computed along with it.
    """
    import cv2

    blurred = [np.eye(side)]
    for width, sigma in _SCALES:
        weights = cv2.GaussianBlur(np.eye(side), (width, 1), sigma, borderType=cv2.BORDER_REPLICATE)
        weights = np.rint(weights * 2**_BITS) / 2**_BITS
        blurred.append(weights + np.diag(1 - weights.sum(axis=0)))  # of what is flat nothing is taken
    return [(finer - coarser).astype(np.float32) for finer, coarser in pairwise(blurred)]


def _product(rows: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """By torch, which leaves other processors alone where workers share them; numpy would keep all of them busy with waiting."""
    import torch

    return np.asarray((torch.from_numpy(rows) @ torch.from_numpy(columns)).numpy())


def _norms(rows: NDArray[Any], number: int) -> NDArray[np.float64]:
    pictures = rows.reshape(number, -1)
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", pictures, pictures) / pictures.shape[1]))


def _lines(ink: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of how far every pixel is from the middle brightness."""
    down, across = (_rugged(ink.mean(axis=axis)) for axis in (2, 1))
    strength, other = ((profile**2).sum(axis=1) for profile in (down, across))
    alike = np.max([(down[:, :-lag] * down[:, lag:]).sum(axis=1) for lag in range(*_PITCH)], axis=0)
    stands_out = (strength >= down.shape[1] * _STRIPES**2) & (strength >= 2 * other)
    return np.where(stands_out, alike / np.maximum(strength, 1), 0.0)


def _rugged(profiles: NDArray[np.float32]) -> NDArray[np.float64]:
    """What changes from row to row, without what changes slowly; [N, H]."""
    import cv2

    slow = cv2.blur(profiles, (2 * (_PITCH[1] // 2) + 1, 1), borderType=cv2.BORDER_REPLICATE)
    return (profiles - slow).astype(np.float64)


def _grain(luma: Pixels) -> NDArray[np.float64]:
    import cv2

    number, side = luma.shape[:2]
    # Side by side, for OpenCV is fourteen times as quick on long rows; and apart, so that no picture sees the next one.
    apart = np.pad(luma.transpose(1, 0, 2), ((0, 0), (0, 0), (1, 1)), mode="edge")
    quiet = np.asarray(cv2.medianBlur(apart.reshape(side, -1), 3), np.uint8).reshape(apart.shape)
    taken = cv2.absdiff(apart.reshape(side, -1), quiet.reshape(side, -1)).reshape(apart.shape)[..., 1:-1]
    across = _product(taken.astype(np.float32), _in_patches(side))  # exact: these are whole numbers
    patches = across.reshape(-1, _PATCH, *across.shape[1:]).sum(axis=1).swapaxes(0, 1).reshape(number, -1) / _PATCH**2
    place = round(patches.shape[1] * _QUIET)
    noise = np.clip((_TEXTURE - _alike(luma)) / (_TEXTURE - _NOISE), 0, 1)
    return np.asarray(np.partition(patches, place, axis=1)[:, place] * noise)


def _alike(luma: Pixels) -> NDArray[np.float64]:
    """The correlation of neighbouring pixels, across or down, whichever is more, in quiet patches, [N].

    Noise knows nothing of its neighbours; leaves, gravel and cloth do, though a median takes as much away from them. 1 where
    hardly a patch varies. All sums are exact, of whole numbers.
    """
    number, side = luma.shape[:2]
    cut = luma.reshape(number, side // _PATCH, _PATCH, side // _PATCH, _PATCH).swapaxes(2, 3).reshape(-1, _PATCH**2)
    left = _product(cut.astype(np.float32), _unsloped()).astype(np.float64).reshape(number, -1, _PATCH**2)
    varied = np.einsum("npi,npi->np", left, left)
    varied[varied == 0] = np.inf
    quiet = np.argsort(varied, axis=1, kind="stable")[:, :_QUIETEST]
    square = np.take_along_axis(varied, quiet, axis=1)
    pixels = np.take_along_axis(left, quiet[..., None], axis=1).reshape(number, -1, _PATCH, _PATCH)
    across, down = pixels[..., 1:] * pixels[..., :-1], pixels[..., 1:, :] * pixels[..., :-1, :]
    pairs = np.maximum(across.sum(axis=(2, 3)), down.sum(axis=(2, 3))) / (_PATCH * (_PATCH - 1))
    alike = np.where(np.isfinite(square), pairs / (square / _PATCH**2), 1.0)
    place = round((alike.shape[1] - 1) * _CLEAREST)
    return np.asarray(np.partition(alike, place, axis=1)[:, place])


@lru_cache
def _unsloped() -> NDArray[np.float32]:
    """[64, 64]: takes from the pixels of a patch the plane that fits them best, times 1344, which makes all weights whole."""
    steps = 2.0 * np.arange(_PATCH) - (_PATCH - 1)
    across, down = np.tile(steps, _PATCH), np.repeat(steps, _PATCH)
    squares = across @ across  # 1344 for patches of 8 pixels
    weights = squares * np.eye(_PATCH**2) - squares / _PATCH**2 - np.outer(across, across) - np.outer(down, down)
    return np.asarray(weights, np.float32)


@lru_cache
def _in_patches(side: int) -> NDArray[np.float32]:
    """[side, patches]: 1 where a pixel lies in a patch."""
    return np.repeat(np.eye(side // _PATCH, dtype=np.float32), _PATCH, axis=0)
