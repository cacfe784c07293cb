"""Augmentations of pictures in front of a discriminator: one file each, one line here.

Real and generated pictures go through the same ones, and gradients go back through them to the generator. One that leaks
teaches G to draw what was augmented: D never sees what a picture was before, and two kinds of pictures look the same to it.
Where enough pictures come through as they are none of these leaks: in practice up to a strength of 0.8 (Karras et al. 2020,
section 2.2). Which do at strength 1 is said with each.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ganlib.pictures.augmentations import (
    colour,
    colour_matrix,
    cutout,
    geometry,
    mirror,
    quarter_turns,
    shift,
    translation,
)

#: An augmentation takes square pictures [N, C, H, W], the probability with which each picture is touched (a scalar in [0, 1],
#: on their device) and the step's random numbers, of which it draws as many whatever the probability. What it leaves alone
#: keeps its bits. It can be differentiated in the pictures, twice as well.
Augmentation = Callable[[Tensor, Tensor, torch.Generator], Tensor]

AUGMENTATIONS: dict[str, Augmentation] = {
    "colour": colour.augmentation,
    "translation": translation.augmentation,
    "cutout": cutout.augmentation,
    "mirror": mirror.augmentation,
    "quarter_turns": quarter_turns.augmentation,
    "shift": shift.augmentation,
    "geometry": geometry.augmentation,
    "colour_matrix": colour_matrix.augmentation,
}
