"""Augmentation inside the training step: the discriminator sees nothing but augmented pictures, real and generated ones.

So a discriminator of few pictures learns them by heart later (Zhao et al. 2020; Karras et al. 2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import torch
from torch import Tensor

from ganlib.knobs import Named, PositiveFloat, Range, Share
from ganlib.pictures.augmentations import AUGMENTATIONS


@dataclass(frozen=True)
class Augment:
    """The knobs of augmentation. DiffAugment is `kinds: [colour, translation, cutout]`, at the strength of 1.

    kinds: names out of `AUGMENTATIONS`, applied in this order; none: pictures stay as they are.
    strength: the probability with which each kind is applied to each picture; with a target, the most that it may become.
    target: the strength begins at 0 and goes up where the mean sign of the scores of real pictures is above this, down where it
    is below (ADA, Karras et al. 2020, section 3; theirs is 0.6). The scores must be logits, below 0 for "generated".
    ada_kimg: thousands of pictures in which the strength could go from 0 to 1. The paper's 500 is a fiftieth of its runs, and
    more than all of a run that a CPU can do; hence 20.
    """

    kinds: list[Annotated[str, Named("augmentation", AUGMENTATIONS)]] = field(default_factory=list)
    strength: Share = 1.0
    target: Annotated[float, Range(ge=-1, le=1)] | None = None
    ada_kimg: PositiveFloat = 20.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense together, with the reason."""
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError("must name each of the kinds once")
        if self.adapts and not self.kinds:
            raise ValueError("must name kinds where it has a target: there is nothing whose strength could be adapted")

    @property
    def adapts(self) -> bool:
        """Whether the strength follows the discriminator's scores."""
        return self.target is not None

    @property
    def strength_at_first(self) -> float:
        """The strength with which a run begins."""
        return 0.0 if self.adapts else float(self.strength)

    def next_strength(self, strength: Tensor, score_real: Tensor) -> Tensor:
        """The strength (a scalar) after a discriminator's step with these scores [N] of augmented real pictures.

        p + sign(E[sign D(x)] - target) N / (1000 ada_kimg), kept from 0 to what the knobs say (Karras et al. 2020, equation 1).
        """
        if self.target is None:
            return strength
        step = len(score_real) / (1000 * self.ada_kimg)
        return (strength + step * (score_real.sign().mean() - self.target).sign()).clamp(0, self.strength)


def augmented(pictures: Tensor, kinds: Sequence[str], strength: Tensor, dice: torch.Generator) -> Tensor:
    """Pictures [N, C, H, W], each touched by each of the kinds with probability `strength` (a scalar on their device).

    Always in float32 or what else the pictures are in, also where autocast asks for less. Values may leave [-1, 1].
    """
    with torch.autocast(pictures.device.type, enabled=False):
        for kind in kinds:
            pictures = AUGMENTATIONS[kind](pictures, strength, dice)
    return pictures
