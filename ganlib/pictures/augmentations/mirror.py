"""Turning pictures left to right, as ADA does (Karras et al. 2020, appendix B, pixel blitting)."""

import torch
from torch import Tensor

from ganlib.pictures.augmentations.rolls import uniform


def augmentation(pictures: Tensor, strength: Tensor, dice: torch.Generator) -> Tensor:
    """Each picture, with probability `strength`, as it is or mirrored, both alike: it is mirrored with `strength` / 2.

    At strength 1 it leaks: G may then draw mirrored pictures as well.
    """
    (roll,) = uniform(1, pictures, dice)
    return pictures.flip(3).where(roll < strength / 2, pictures)
