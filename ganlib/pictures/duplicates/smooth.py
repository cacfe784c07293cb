"""Pictures as smooth maps, on which a shift by a pixel is a small change."""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad


def maps(views: NDArray[np.uint8]) -> Tensor:
    """Levels 0..255 of views uint8 [N, H, W, 3] as float32 [N, 3, H, W]."""
    return torch.from_numpy(np.ascontiguousarray(views)).permute(0, 3, 1, 2).float().contiguous()


def smooth(levels: Tensor, sigma: float) -> Tensor:
    """Square `levels` [N, C, H, H] blurred by a Gaussian of `sigma` pixels; edges go on outwards."""
    mixing = _mixing(levels.shape[-1], sigma)
    return mixing @ levels @ mixing.T  # of maps this small a product with a matrix is quicker than a convolution


@lru_cache
def _mixing(side: int, sigma: float) -> Tensor:
    """[side, side]: how much of each pixel goes into each blurred one."""
    reach = int(3 * sigma + 0.5)
    steps = torch.arange(-reach, reach + 1)
    weights = torch.exp(-((steps / sigma) ** 2) / 2)
    sources = (torch.arange(side)[:, None] + steps).clamp(0, side - 1)
    return torch.zeros(side, side).scatter_add_(1, sources, (weights / weights.sum()).expand(side, -1))


def slopes(levels: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences of `levels` along x and y, levels a pixel, each of the same shape."""
    padded = pad(levels, (1, 1, 1, 1), mode="replicate")
    along_x = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    along_y = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return along_x, along_y


def offsets(side: int) -> Tensor:
    """How far each of `side` pixels is from the middle, in halves of the side: about -1 to 1."""
    return (torch.arange(side, dtype=torch.float32) - (side - 1) / 2) / (side / 2)
