"""Directions in the space of codes before they have names."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Aim:
    """attribute: what a direction is to move. towards: the class that there is to be more of; of numbers "more"."""

    attribute: str
    towards: str


@dataclass(frozen=True)
class Axes:
    """directions: [count, latent], each of length 1, 0 in what asks for attributes. shares: [count], how much each weighs.
    aims: what each was made to move, if it was made to."""

    directions: Tensor
    shares: Tensor
    aims: tuple[Aim, ...] = ()


def padded(directions: Tensor, latent: int) -> Tensor:
    """Directions of the free numbers [count, free] as float32 [count, latent] of length 1."""
    padding = directions.new_zeros(len(directions), latent - directions.shape[1])
    return torch.cat([directions / directions.norm(dim=1, keepdim=True), padding], dim=1).float()


def forwards(directions: Tensor) -> Tensor:
    """The same directions [count, D], each turned so that its greatest number is positive: which of two ways is forwards is
    arbitrary, but is to be the same on every machine."""
    return directions * directions.gather(1, directions.abs().argmax(dim=1, keepdim=True)).sign()
