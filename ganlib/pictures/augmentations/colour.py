"""Colour as DiffAugment has it (Zhao et al. 2020, section 3.2): brightness, saturation and contrast, each by a uniform amount."""

import torch
from torch import Tensor

from ganlib.pictures.augmentations.rolls import uniform


def augmentation(pictures: Tensor, strength: Tensor, dice: torch.Generator) -> Tensor:
    """Each picture, with probability `strength`: from -0.5 to 0.5 brighter, then 0 to 2 times as far from grey (the mean of its
    channels, so that a grey picture stays as it is), then 0.5 to 1.5 times the contrast about its mean.

    Values may leave [-1, 1]. It hardly leaks, also at strength 1 (the authors' choice): a G that is a little too bright is
    told by the ends of the ranges alone.
    """
    gate, brightness, saturation, contrast = uniform(4, pictures, dice)
    bright = pictures + (brightness - 0.5)
    saturated = _apart(bright, bright.mean(1, keepdim=True), 2 * saturation)
    changed = _apart(saturated, saturated.mean((1, 2, 3), keepdim=True), contrast + 0.5)
    return changed.where(gate < strength, pictures)


def _apart(pictures: Tensor, middle: Tensor, factor: Tensor) -> Tensor:
    """`factor` times as far from `middle`."""
    return middle + factor * (pictures - middle)
