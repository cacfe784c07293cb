"""Turning pictures by quarters, as ADA does (Karras et al. 2020, appendix B, pixel blitting)."""

import torch
from torch import Tensor

from ganlib.pictures.augmentations.rolls import uniform


def augmentation(pictures: Tensor, strength: Tensor, dice: torch.Generator) -> Tensor:
    """Each picture, with probability `strength`, by 0, 1, 2 or 3 quarters of a turn, all alike.

    At strength 1 it leaks: G may then draw pictures that lie on their side.
    """
    gate, roll = uniform(2, pictures, dice)
    quarters = (4 * roll).floor() * (gate < strength)
    halfway = pictures.flip(2, 3).where(quarters >= 2, pictures)
    return halfway.rot90(1, (2, 3)).where(quarters % 2 == 1, halfway)
