"""The Wasserstein game (Arjovsky et al. 2017, equation 3): D measures how far apart the two distributions lie."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from ganlib.objectives.base import Objective


@dataclass(frozen=True)
class Wasserstein(Objective):
    """It has no knobs. What bounds D's slope (the game's `clip`, a penalty, spectral norm) sets the unit of the distance."""

    bounded: ClassVar[bool] = True

    name: Literal["wasserstein"] = "wasserstein"

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E D(G(z)) - E D(x): minus the distance, where D is the best of its slope; 0 where D cannot tell."""
        return fake.mean() - real.mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E D(G(z))."""
        return -fake.mean()
