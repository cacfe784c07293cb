"""Translation as DiffAugment has it (Zhao et al. 2020, section 3.2): what comes in from beyond the edge is mid-grey."""

import torch
from torch import Tensor

from ganlib.pictures.augmentations.pixels import moved, taken


def augmentation(pictures: Tensor, strength: Tensor, dice: torch.Generator) -> Tensor:
    """Each picture, with probability `strength`, by up to 1/8 of its side up or down and to a side; behind it lies 0.

    It does not leak, also at strength 1: the grey bar tells by how much a picture was moved.
    """
    rows, columns = moved(pictures, strength, dice)
    height, width = pictures.shape[2:]
    inside = _inside(rows, height)[:, None, :, None] & _inside(columns, width)[:, None, None, :]
    return taken(pictures, rows.clamp(0, height - 1), columns.clamp(0, width - 1)).where(inside, 0.0)


def _inside(indices: Tensor, side: int) -> Tensor:
    return (indices >= 0) & (indices < side)
