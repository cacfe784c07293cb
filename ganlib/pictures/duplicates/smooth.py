"""Pictures as smooth maps, on which a shift by a pixel is a small change.

What is linear and works along rows and columns alike is two products with a matrix: quicker than a convolution of maps so small.
"""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

SIGMA = 1.0  # pixels of the reduced map


def maps(views: NDArray[np.uint8]) -> Tensor:
    """Levels 0..255 of views uint8 [N, H, W, C] as float32 [N, C, H, W]."""
    found = np.empty((len(views), views.shape[3], *views.shape[1:3]), np.float32)
    for channel in range(views.shape[3]):
        found[:, channel] = views[..., channel]
    return torch.from_numpy(found)


def reduced(levels: Tensor, reduction: int) -> Tensor:
    """Square `levels` [N, C, H, H] reduced so many times by taking means, then blurred by a Gaussian; edges go on outwards."""
    mixing = _blurring(levels.shape[-1], reduction)
    return mixing @ levels @ mixing.T


def averages(levels: Tensor, size: int, step: int, reach: int = 0) -> Tensor:
    """Means of `levels` [N, C, H, H] in windows of `size` pixels, every `step` pixels, from `reach` pixels outside; edges go on
    outwards. [N, C, h, h]."""
    mixing = _windows(levels.shape[-1], size, step, reach)
    return mixing @ levels @ mixing.T


@lru_cache
def _blurring(side: int, reduction: int) -> Tensor:
    """[side / reduction, side]: how much of each pixel goes into each of the reduced, blurred ones."""
    small = side // reduction
    reach = int(3 * SIGMA + 0.5)
    steps = torch.arange(-reach, reach + 1)
    weights = torch.exp(-((steps / SIGMA) ** 2) / 2)
    sources = (torch.arange(small)[:, None] + steps).clamp(0, small - 1)
    blur = torch.zeros(small, small).scatter_add_(1, sources, (weights / weights.sum()).expand(small, -1))
    return blur @ _windows(side, reduction, reduction, 0)


@lru_cache
def _windows(side: int, size: int, step: int, reach: int) -> Tensor:
    """[number of windows, side]: how much of each pixel goes into each mean."""
    starts = torch.arange(-reach, side + reach - size + 1, step)
    sources = (starts[:, None] + torch.arange(size)).clamp(0, side - 1)
    return torch.zeros(len(starts), side).scatter_add_(1, sources, torch.full(sources.shape, 1 / size))


def slopes(levels: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences of `levels` along x and y, levels a pixel, each of the same shape."""
    padded = pad(levels, (1, 1, 1, 1), mode="replicate")
    along_x = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    along_y = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return along_x, along_y


@lru_cache
def offsets(side: int) -> Tensor:
    """How far each of `side` pixels is from the middle, in halves of the side: about -1 to 1."""
    return (torch.arange(side, dtype=torch.float32) - (side - 1) / 2) / (side / 2)
