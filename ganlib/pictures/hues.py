"""Which hues a picture has where, and how much of it has hues that the others do not have there.

Of each picture is kept the mean colour of each of 8 × 8 parts. A part's hue is how far red is from green, and both are from blue,
as shares of its light: more or less light does not change it. A hue is rare if few of the others have one like it at the same
place, by a Gaussian window over all their hues (Rosenblatt 1956; Parzen 1962); what is asked for is how much of a picture's light
falls on parts of rare hues. Rare hair changes the hues of some parts, a colour cast those of nearly all.
"""

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.decode import Pixels

PARTS = 8  # along either axis
_DIM = 96.0  # of 765 levels, added to the light: what is nearly black has no hue
_FINEST = 0.03  # of the light: hues that are nearer to each other are alike; the deviation of the window
_REACH = 3  # deviations to either side of which something is seen of it
_BINS = 2 * int(np.ceil(0.76 / _FINEST)) + 1  # no part's hue is further than 0.73 from grey
_RARE = 0.01  # of the others


def mosaics(views: Pixels) -> Pixels:
    """The mean colours of the parts of views uint8 [N, 64, 64, 3]: [N, 8, 8, 3]."""
    import cv2

    return np.stack([cv2.resize(view, (PARTS, PARTS), interpolation=cv2.INTER_AREA) for view in views]).astype(np.uint8)


def rarely(known: Pixels) -> NDArray[np.float64]:
    """The share of the light of each mosaic uint8 [N, 8, 8, 3] that falls on parts whose hue is rare there, [N], 0 to 1."""
    colours = known.reshape(len(known), PARTS**2, 3)
    light = colours.sum(-1, dtype=np.float64)
    found = np.zeros(len(known))
    for part in range(PARTS**2):
        found += light[:, part] * (_others_alike(_places(colours[:, part])) < _RARE * (len(known) - 1))
    return np.asarray(found / np.maximum(light.sum(-1), 1))


def _places(colours: Pixels) -> NDArray[np.int64]:
    """In which bin the hue of each of some colours [N, 3] lies, [N, 2]."""
    red, green, blue = colours.astype(np.float64).T
    light = red + green + blue + _DIM
    hues = np.stack([(red - green) / light, (red + green - 2 * blue) / (2 * light)], axis=1)
    return np.asarray(np.rint(hues / _FINEST), np.int64) + _BINS // 2


def _others_alike(places: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many of the others each hue [N, 2] has around it, each counted as the window lets it."""
    counts = np.zeros((_BINS, _BINS))
    np.add.at(counts, tuple(places.T), 1)
    steps = np.arange(_BINS)
    apart = np.abs(steps[:, None] - steps)
    window = np.where(apart <= _REACH, np.exp(-(apart**2) / 2), 0.0)
    return np.asarray((window @ counts @ window)[tuple(places.T)] - 1)
