"""Which hues a picture has where, and how much of it has hues that the others do not have there.

Of each picture is kept the mean colour of each of 8 × 8 parts. A part's hue is how far red is from green, and both are from blue,
as shares of its light: more or less light does not change it. How many of the others have a hue like it at the same place is
counted by a Gaussian window over all their hues (Rosenblatt 1956; Parzen 1962). Rare hair has rare hues in some parts, a colour
cast in nearly all; and a picture whose red and blue were exchanged has hues that are rarer than what they were before.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.decode import Pixels

PARTS = 8  # along either axis
_DIM = 96.0  # of 765 levels, added to the light: what is nearly black has no hue
#: Deviations of the window, shares of the light, so that a little warmer light is no other hue; and to tell one hue from another.
_BROAD, _NARROW = 0.03, 0.01
_REACH = 3  # deviations to either side of which something is seen of it
_FARTHEST = 0.76  # no part's hue is further than 0.73 from grey
_RARE = 0.01  # of the others; what so many have is as usual as what all have


def mosaics(views: Pixels) -> Pixels:
    """The mean colours of the parts of views uint8 [N, 64, 64, 3]: [N, 8, 8, 3]."""
    import cv2

    return np.stack([cv2.resize(view, (PARTS, PARTS), interpolation=cv2.INTER_AREA) for view in views]).astype(np.uint8)


def rarely(known: Pixels) -> NDArray[np.float64]:
    """The share of the light of each mosaic uint8 [N, 8, 8, 3] that falls on parts whose hue is rare there, [N], 0 to 1."""

    def rare(colours: Pixels) -> NDArray[np.bool_]:
        hues = _hues(colours, _BROAD)
        return _others_alike(hues, hues) < _RARE * (len(colours) - 1)

    return _by_light(known, rare)


def exchanged(known: Pixels) -> NDArray[np.float64]:
    """How much rarer the hues of each mosaic uint8 [N, 8, 8, 3] are than they are with red and blue exchanged, [N], -1 to 1.

    The mean, by light, of the logarithm of how many of the others have them, as a share of that of one in a hundred. Above 0 it
    looks exchanged; so may all of a kind whose hues vary, where it is rarer than one whose hues are those exchanged.
    """

    def rarer(colours: Pixels) -> NDArray[np.float64]:
        usual, hues = _RARE * (len(colours) - 1), _hues(colours, _NARROW)
        as_is, as_exchanged = (_others_alike(hues, asked) for asked in (hues, _hues(colours[:, ::-1], _NARROW)))
        return np.asarray((np.log1p(np.minimum(as_exchanged, usual)) - np.log1p(np.minimum(as_is, usual))) / np.log1p(usual))

    return _by_light(known, rarer)


def _by_light(known: Pixels, measure: Callable[[Pixels], NDArray[Any]]) -> NDArray[np.float64]:
    """The mean over the parts of each mosaic of what is measured on all colours [N, 3] at one place, weighed by their light."""
    colours = known.reshape(len(known), PARTS**2, 3)
    light = colours.sum(-1, dtype=np.float64)
    found = np.zeros(len(known))
    for part in range(PARTS**2):
        found += light[:, part] * measure(colours[:, part])
    return np.asarray(found / np.maximum(light.sum(-1), 1))


def _hues(colours: Pixels, finest: float) -> NDArray[np.int64]:
    """In which bin, `finest` wide, the hue of each of some colours [N, 3] lies, [N, 2]."""
    red, green, blue = colours.astype(np.float64).T
    light = red + green + blue + _DIM
    hues = np.stack([(red - green) / light, (red + green - 2 * blue) / (2 * light)], axis=1)
    return np.asarray(np.rint(hues / finest), np.int64) + math.ceil(_FARTHEST / finest)


def _others_alike(hues: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many of the hues [N, 2] each one asked for [N, 2] has around it, counted as the window lets them, without its own."""
    import torch

    window = _window(1 + int(max(hues.max(), asked.max())))
    counts = np.zeros_like(window)
    np.add.at(counts, tuple(hues.T), 1)
    own = window[hues, asked].prod(1)
    across = torch.from_numpy(window)  # numpy's products would differ by the number of threads
    return np.asarray((across @ torch.from_numpy(counts) @ across).numpy()[tuple(asked.T)] - own)


def _window(size: int) -> NDArray[np.float64]:
    """[size, size]: what a hue in one bin counts for in another."""
    bins = np.arange(size)
    apart = np.abs(bins[:, None] - bins)
    return np.where(apart <= _REACH, np.exp(-(apart**2) / 2), 0.0)
