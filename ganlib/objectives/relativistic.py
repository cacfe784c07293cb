"""The relativistic pairing game (Jolicoeur-Martineau 2019; Huang et al. 2024, R3GAN, equation 2).

D need only tell which of a pair is the real one, so that no scores of its own keep G away from a mode of the data.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor
from torch.nn.functional import softplus

from ganlib.objectives.base import Objective


@dataclass(frozen=True)
class Relativistic(Objective):
    """It has no knobs. Scores are paired one to one; other numbers of real than of generated pictures raise `ValueError`."""

    relative: ClassVar[bool] = True

    name: Literal["relativistic"] = "relativistic"

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log σ(D(x) - D(G(z))), computed from logits; log 2 where D cannot tell."""
        return softplus(-_lead(real, fake)).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log σ(D(G(z)) - D(x)): D's loss with the pair turned round; log 2 where D cannot tell."""
        return softplus(_lead(real, fake)).mean()


def _lead(real: Tensor, fake: Tensor) -> Tensor:
    """How much higher the real picture of each pair scores."""
    if real.shape != fake.shape:
        # torch would pair a single score with every other, silently.
        raise ValueError(f"must pair as many real scores as generated ones, got {tuple(real.shape)} and {tuple(fake.shape)}")
    return real - fake
