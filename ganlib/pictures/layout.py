"""How a picture is laid out, and how far from the way in which the others are.

What is cut off, moved, tilted, covered, framed or written on has its edges where the others have none, or lacks theirs. So of
each picture is kept how much its brightness changes from pixel to pixel, along either axis, in each of 8 × 8 parts of it; and of
a set, how these numbers vary together. How far one is from the others is its distance from their mean in units of that (after
Mahalanobis 1936), of those in the other four fifths of the set, for a picture must not explain itself.

What many share is less of a fault: if a share p of pictures differ from the rest in one way, they are 1 / √p farther in it and no
more, which is 10 for one in a hundred, squared and added to √128 = 11 squared, by which pictures differ by chance. But a kind
that varies in its own ways is as far as if there were fewer of it.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.pictures.decode import Pixels
from ganlib.pictures.views import VIEW

_PARTS = 8  # along either axis
NUMBERS = 2 * _PARTS**2
_MOST = 3 * 255 * (VIEW // _PARTS) ** 2  # of a part: 3 channels that change from black to white at every pixel
_NOTHING = 0.02  # of that, added before the logarithm: less is as good as no edge
_FOLDS = 5
_STEADY, _LEAST = 0.03, 1e-3  # of the mean variance, and of itself, added to each: few pictures know little of what rarely varies
_BLOCK = 8192


def layouts(views: Pixels) -> NDArray[np.uint16]:
    """How much changes in views uint8 [N, 64, 64, 3]: [N, 128], sums of absolute differences, along x and then along y."""
    bright = views.sum(-1, dtype=np.int32)
    changes = np.zeros((2, *bright.shape), np.int32)
    changes[0, :, :, :-1] = np.abs(np.diff(bright, axis=2))
    changes[1, :, :-1] = np.abs(np.diff(bright, axis=1))
    width = VIEW // _PARTS
    parts = changes.reshape(2, len(views), _PARTS, width, _PARTS, width).sum((3, 5))
    return np.asarray(parts.transpose(1, 0, 2, 3).reshape(len(views), NUMBERS), np.uint16)


def oddness(known: NDArray[np.uint16], lots: NDArray[np.uint64], usual: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far each layout [N, 128] is from the usual ones among the others.

    lots: a number for each, by chance, that decides in which fifth it is.
    """
    folds = torch.from_numpy((lots % _FOLDS).astype(np.int64))
    judging = torch.from_numpy(np.where(usual, folds, -1))
    seen = [_Moments() for _ in range(_FOLDS)]
    for start, points in _blocks(known):
        for fold, moments in enumerate(seen):
            moments.add(points[judging[start : start + _BLOCK] == fold])
    whole = sum(seen, _Moments())
    models = [(whole - moments).model() for moments in seen]
    found = torch.empty(len(known), dtype=torch.float64)
    for start, points in _blocks(known):
        for fold, (mean, whitened) in enumerate(models):
            own = folds[start : start + _BLOCK] == fold
            found[start : start + _BLOCK][own] = ((points[own] - mean) @ whitened).norm(dim=1)
    return np.asarray(found.numpy())


def _blocks(known: NDArray[np.uint16]) -> Iterator[tuple[int, Tensor]]:
    for start in range(0, len(known), _BLOCK):
        shares = known[start : start + _BLOCK].astype(np.float64) / _MOST
        yield start, torch.from_numpy(shares + _NOTHING).log()


class _Moments:
    """How many points there are, their sum, and that of their products."""

    def __init__(self, number: int = 0, total: Tensor | None = None, products: Tensor | None = None) -> None:
        self._number = number
        self._total = torch.zeros(NUMBERS, dtype=torch.float64) if total is None else total
        self._products = torch.zeros(NUMBERS, NUMBERS, dtype=torch.float64) if products is None else products

    def add(self, points: Tensor) -> None:
        self._number += len(points)
        self._total += points.sum(0)
        self._products += points.T @ points

    def __add__(self, other: "_Moments") -> "_Moments":
        return _Moments(self._number + other._number, self._total + other._total, self._products + other._products)

    def __sub__(self, other: "_Moments") -> "_Moments":
        return _Moments(self._number - other._number, self._total - other._total, self._products - other._products)

    def model(self) -> tuple[Tensor, Tensor]:
        """The mean [D], and a matrix [D, D] that brings what varies as these points do to length √D."""
        mean = self._total / self._number
        spread = self._products / self._number - mean[:, None] * mean
        spread += (_STEADY * spread.diagonal().mean().clamp_min(0) + _LEAST) * torch.eye(NUMBERS, dtype=torch.float64)
        return mean, torch.linalg.inv(torch.linalg.cholesky(spread)).T
