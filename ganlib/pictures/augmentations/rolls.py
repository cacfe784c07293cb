"""The random numbers of an augmentation: drawn on the CPU whatever the device, and as many whatever becomes of them."""

import torch
from torch import Tensor

from ganlib.ranks import rolled


def uniform(number: int, pictures: Tensor, dice: torch.Generator) -> tuple[Tensor, ...]:
    """`number` tensors [N, 1, 1, 1], uniform in [0, 1): one value a picture, of the pictures' type and on their device."""
    return _a_picture_each(rolled(torch.rand, (number, len(pictures)), dice, pictures, dim=1))


def normal(number: int, pictures: Tensor, dice: torch.Generator) -> tuple[Tensor, ...]:
    """`number` tensors [N, 1, 1, 1], standard normal: one value a picture, of the pictures' type and on their device."""
    return _a_picture_each(rolled(torch.randn, (number, len(pictures)), dice, pictures, dim=1))


def _a_picture_each(rolls: Tensor) -> tuple[Tensor, ...]:
    return rolls[..., None, None, None].unbind()
