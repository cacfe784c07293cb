"""BEGAN (Berthelot et al. 2017): D is an auto-encoder, and a balance keeps it from running away from G."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from ganlib.knobs import PositiveFloat, Share
from ganlib.objectives.base import Objective


@dataclass(frozen=True)
class Began(Objective):
    """Scores are reconstruction errors, never below 0: the lower, the more real.

    gamma: the share of the error of real pictures at which that of generated ones is held; lower draws cleaner, but less
    varied pictures. rate: how fast the balance follows (the paper's λ for k).
    """

    reconstructs: ClassVar[bool] = True

    name: Literal["began"] = "began"
    gamma: Share = 0.75
    rate: PositiveFloat = 1e-3

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E L(x) - E L(G(z)), the game at full balance, k = 1 (section 3.2); 0 where D cannot tell."""
        return real.mean() - fake.mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E L(G(z)): pictures that D can reconstruct."""
        return fake.mean()

    def balanced(self, real: Tensor, fake: Tensor, balance: Tensor) -> Tensor:
        """E L(x) - k E L(G(z)) (section 3.4): at first, with k = 0, D is an auto-encoder of real pictures and no more."""
        return real.mean() - balance * fake.mean()

    def next_balance(self, real: Tensor, fake: Tensor, balance: Tensor) -> Tensor:
        """k + rate (γ E L(x) - E L(G(z))), held in [0, 1]: it rests where E L(G(z)) = γ E L(x)."""
        return (balance + self.rate * (self.gamma * real.mean() - fake.mean())).clamp(0, 1)
