"""Cutout as DiffAugment has it (DeVries and Taylor 2017; Zhao et al. 2020, section 3.2)."""

import torch
from torch import Tensor

from ganlib.pictures.augmentations.rolls import uniform

_SHARE = 1 / 2  # of the side that is cut out


def augmentation(pictures: Tensor, strength: Tensor, dice: torch.Generator) -> Tensor:
    """In each picture, with probability `strength`, a square of half the side is set to 0, its centre anywhere in the picture.

    It does not show in what G draws, for the square is seen; but at strength 1 no picture is ever seen whole, and how its
    parts hang together only from overlapping views.
    """
    gate, *rolls = uniform(3, pictures, dice)
    rows, columns = (_cut(roll, side) for roll, side in zip(rolls, pictures.shape[2:], strict=True))
    hidden = (gate < strength) & rows[:, None, :, None] & columns[:, None, None, :]
    return pictures.where(~hidden, 0.0)


def _cut(roll: Tensor, side: int) -> Tensor:
    """Which indices [N, side] the square covers; what of it reaches beyond the edge is lost."""
    length = int(side * _SHARE + 0.5)
    centres = (roll * (side + 1 - length % 2)).floor().view(-1, 1)
    places = torch.arange(side, device=roll.device) - (centres - length // 2)
    return (places >= 0) & (places < length)
