"""Translation as ADA has it (Karras et al. 2020, appendix B, pixel blitting): pictures go on beyond the edge as in a mirror."""

import torch
from torch import Tensor

from ganlib.pictures.augmentations.pixels import moved, taken


def augmentation(pictures: Tensor, strength: Tensor, dice: torch.Generator) -> Tensor:
    """Each picture, with probability `strength`, by up to 1/8 of its side up or down and to a side, reflected at the edges.

    At strength 1 it leaks: no edge tells by how much a picture was moved, and a G whose pictures are a little off centre
    can look the same.
    """
    rows, columns = moved(pictures, strength, dice)
    height, width = pictures.shape[2:]
    return taken(pictures, _reflected(rows, height), _reflected(columns, width))


def _reflected(indices: Tensor, side: int) -> Tensor:
    """Indices inside, for ones that lie beyond by less than a side; the outermost pixel is not repeated."""
    return (side - 1) - ((side - 1) - indices.abs()).abs()
