"""The random numbers of an augmentation: drawn on the CPU whatever the device, and as many whatever becomes of them."""

import torch
from torch import Tensor


def uniform(number: int, pictures: Tensor, dice: torch.Generator) -> tuple[Tensor, ...]:
    """`number` tensors [N, 1, 1, 1], uniform in [0, 1): one value a picture, of the pictures' type and on their device."""
    return _a_picture_each(torch.rand(number, len(pictures), generator=dice), pictures)


def normal(number: int, pictures: Tensor, dice: torch.Generator) -> tuple[Tensor, ...]:
    """`number` tensors [N, 1, 1, 1], standard normal: one value a picture, of the pictures' type and on their device."""
    return _a_picture_each(torch.randn(number, len(pictures), generator=dice), pictures)


def _a_picture_each(rolls: Tensor, pictures: Tensor) -> tuple[Tensor, ...]:
    return rolls.to(pictures)[..., None, None, None].unbind()
