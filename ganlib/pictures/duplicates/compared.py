"""What is found out about a pair of views laid over each other, and about a view and the copies made of it."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.pictures.crew import padded
from ganlib.pictures.decode import Pixels
from ganlib.pictures.duplicates.register import residuals, rough_residuals
from ganlib.pictures.duplicates.smooth import maps
from ganlib.pictures.duplicates.synthetic import WAYS
from ganlib.pictures.duplicates.tangent import describe, squared_distances_of_pairs, worst_of_pairs

TOGETHER, FEWEST = 8, 8  # pictures that copies are made of at a time; pairs that are compared at a time, at least
_FAINT, _FULL = 16.0, 64.0  # levels of contrast below which differences count for more

#: What is found out about a pair, on a shelf of its own: what is left of the difference roughly, either way, and in the end: at
#: the worst patch, how many times the typical patch that is, and at the worst large patch.
_FOUND = [("forth", "<f4"), ("back", "<f4"), ("left", "<f4", (3,))]
PAIR = np.dtype(_FOUND)
#: What is found out about copies of a picture: the tangent distance from each, what it leaves at the worst place, and the same as
#: about a pair.
COPIES = np.dtype([("apart", "<f4"), ("glance", "<f4"), *_FOUND])


def unknown(known: NDArray[Any]) -> NDArray[np.int64]:
    """How much is not known of each pair."""
    return np.asarray(np.sum([lacking(known, name) for name in COMPARED], axis=0))


def lacking(known: NDArray[Any], name: str) -> NDArray[np.bool_]:
    """Which pairs one of the columns of `PAIR` is not known of, [P]."""
    absent = np.isnan(known[name])
    return np.asarray(absent if absent.ndim == 1 else absent.any(axis=1))


def copies_of(views: Pixels) -> NDArray[Any]:
    """What is to be known of the copies of views [N, 64, 64, 3], of `COPIES` [N, ways]."""
    number, views = len(views), padded(views, TOGETHER)
    originals = np.repeat(views, len(WAYS), axis=0)
    copies = np.stack([way(view) for view in views for way in WAYS])
    found = np.empty(len(copies), COPIES)
    described, copied = describe(originals), describe(copies)
    found["apart"] = squared_distances_of_pairs(described, copied[:, 0]).numpy()
    found["glance"] = glance(described, copied)
    for name, compare in COMPARED.items():
        found[name] = compare((originals, copies))
    return found.reshape(len(views), len(WAYS))[:number]


def glance(first: Tensor, second: Tensor) -> NDArray[np.float32]:
    """What a look at descriptors alone [P, 5, D] says is left at the worst place, whichever way fits: [P]."""
    return np.asarray(torch.minimum(worst_of_pairs(first, second[:, 0]), worst_of_pairs(second, first[:, 0])).numpy())


def _forth(pair: tuple[Pixels, Pixels]) -> NDArray[np.float32]:
    """What a rough look says is left of first laid over second, [P]."""
    first, second = (maps(padded(views, FEWEST)).mean(1, keepdim=True) for views in pair)
    return _weighed(rough_residuals(first, second), first, second)[: len(pair[0])]


def _back(pair: tuple[Pixels, Pixels]) -> NDArray[np.float32]:
    """The same of second laid over first."""
    return _forth((pair[1], pair[0]))


def _either(pair: tuple[Pixels, Pixels]) -> NDArray[np.float32]:
    """What is left of laying one over the other, whichever fits, [P, 3]."""
    first, second = (maps(padded(views, FEWEST)) for views in pair)
    forth, back = residuals(first, second)
    worst, lonely, broad = torch.where(forth[:, :1] <= back[:, :1], forth, back).unbind(1)
    weighed = [_weighed(worst, first, second), lonely.numpy(), _weighed(broad, first, second)]
    return np.stack(weighed, axis=1)[: len(pair[0])]


def _weighed(left: Tensor, first: Tensor, second: Tensor) -> NDArray[np.float32]:
    """Where contrast is faint, what is left counts for more."""
    contrast = torch.minimum(_deviation(first), _deviation(second)).clamp(_FAINT, _FULL)
    return np.asarray((left * (_FULL / contrast)).numpy())


def _deviation(levels: Tensor) -> Tensor:
    """The standard deviation of each picture's levels, [P]; several times as fast as torch's own."""
    flat = levels.flatten(1)
    mean = flat.mean(dim=1)
    square = (flat**2).mean(dim=1)
    return (square - mean**2).clamp_min(0).sqrt()


COMPARED = {"forth": _forth, "back": _back, "left": _either}
