"""Geometry as ADA has it (Karras et al. 2020, appendix B, geometric transformations): one affine map of each picture's plane.

Pictures are sampled bilinearly, where the paper first doubles the resolution with a wavelet's filter: they come out a little
smoother than there, real and generated ones alike.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from ganlib.pictures.augmentations.rolls import normal, uniform

_SCALE = 0.2 * math.log(2)  # standard deviation of the log of what a picture is enlarged and stretched by
_TRANSLATION = 0.125  # standard deviation, in sides of the picture


def augmentation(pictures: Tensor, strength: Tensor, dice: torch.Generator) -> Tensor:
    """Enlarged, turned by any angle, stretched, turned again, moved: each with probability `strength` for itself, but the two
    turns so that at least one of them takes place with that probability. Beyond its edges a picture goes on as in a mirror.

    At strength 1 it leaks which way is up.
    """
    either = 1 - (1 - strength).sqrt()
    chances = torch.stack([strength, either, strength, either, strength]).view(-1, 1, 1, 1, 1)
    enlarged, turned, stretched, turned_again, moved = gates = torch.stack(uniform(5, pictures, dice)) < chances
    first, second = (2 * math.pi * (roll - 0.5) for roll in uniform(2, pictures, dice))
    size, stretch, across, down = normal(4, pictures, dice)
    # Sampling asks where each pixel comes from: the inverses, in the opposite order.
    size, stretch = size * enlarged, stretch * stretched
    back = _scale(-size, -size) @ _turn(-first * turned) @ _scale(-stretch, stretch) @ _turn(-second * turned_again)
    move = 2 * _TRANSLATION * torch.cat([across, down], dim=1).mul(moved).flatten(2)
    grid = affine_grid(torch.cat([back, -back @ move], dim=2), list(pictures.shape), align_corners=False)
    changed = grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    return changed.where(gates.any(0), pictures)


def _scale(across: Tensor, down: Tensor) -> Tensor:
    """Matrices [N, 2, 2] that scale by the amounts [N, 1, 1, 1], in standard deviations of the log."""
    return torch.diag_embed(torch.exp(_SCALE * torch.cat([across, down], dim=1).flatten(1)))


def _turn(angle: Tensor) -> Tensor:
    """Rotations [N, 2, 2] by angles [N, 1, 1, 1], in radians."""
    c, s = torch.cos(angle).flatten(), torch.sin(angle).flatten()
    return torch.stack([torch.stack([c, -s], dim=1), torch.stack([s, c], dim=1)], dim=1)
