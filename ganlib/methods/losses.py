"""How far pictures are from what they should be, for a generator that is shown what it should draw."""

from functools import lru_cache

import torch
from torch import Tensor

_KERNEL = (1, 4, 6, 4, 1)  # Burt & Adelson (1983), figure 2, with a = 3/8
_SMALLEST = 4  # pixels a side of the smallest map that still has a band of its own


def pyramid_distance(pictures: Tensor, others: Tensor, levels: int = 3) -> Tensor:
    """The mean absolute differences of two batches' Laplacian pyramids, summed over the levels; a scalar.

    Pictures [N, C, H, H], of any range. A level's mean is, but for a constant, its sum times 4 for each halving: the weights
    of Bojanowski et al. (2018, section 2, Lap1). What is left after `levels` bands, the coarse picture, counts as one more,
    or colours would be free. Pictures too small for a band, such as points of 1 × 1, are compared as they are.
    """
    # the pyramid is linear: the difference of two is that of the difference
    return torch.stack([level.abs().mean() for level in pyramid(pictures - others, levels)]).sum()


def pyramid(pictures: Tensor, levels: int) -> list[Tensor]:
    """Laplacian bands of pictures [N, C, H, H], from fine to coarse, then the coarse rest (Burt & Adelson 1983, section 3)."""
    bands: list[Tensor] = []
    while len(bands) < levels and pictures.shape[-1] >= _SMALLEST:
        reduce, expand = _scaling(pictures.shape[-1], pictures.device)
        coarse = reduce @ pictures @ reduce.T
        bands.append(pictures - expand @ coarse @ expand.T)
        pictures = coarse
    return [*bands, pictures]


@lru_cache
def _scaling(size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The matrices that halve a side [⌈size / 2⌉, size] and double it again; rows sum to 1, at the edges, too.

    Products of matrices, where a padded convolution would do: its gradient has no fixed order of summation on a GPU.
    """
    places = torch.arange((size + 1) // 2)
    weights = torch.zeros(len(places), size)
    for offset, weight in enumerate(_KERNEL, start=-2):
        columns = 2 * places + offset
        inside = (columns >= 0) & (columns < size)
        weights[places[inside], columns[inside]] = weight
    reduce, expand = (matrix / matrix.sum(1, keepdim=True) for matrix in (weights, weights.T))
    return reduce.to(device), expand.to(device)
