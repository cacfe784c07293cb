"""Adversarial objectives: pure functions of scores to losses, one file each, one line here."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from ganlib.objectives import nonsaturating


class Objective(NamedTuple):
    """The two sides of a game, as losses to be made small.

    discriminator: of the scores (logits, [N]) of real and of generated pictures; generator: of those of generated ones.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


OBJECTIVES: dict[str, Objective] = {
    "nonsaturating": Objective(nonsaturating.discriminator, nonsaturating.generator),
}
