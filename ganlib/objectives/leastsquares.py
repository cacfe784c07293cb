"""Least squares (Mao et al. 2017, equation 2): D aims at 1 for real and 0 for generated pictures, G at 1."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ganlib.objectives.base import Objective


@dataclass(frozen=True)
class LeastSquares(Objective):
    """It has no knobs: a = 0 and b = c = 1 in the paper's letters, with its factor of one half before every square."""

    name: Literal["leastsquares"] = "leastsquares"

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """½ E (D(x) - 1)² + ½ E D(G(z))²; 1/4 where D cannot tell, and best answers 1/2."""
        return (real - 1).square().mean() / 2 + fake.square().mean() / 2

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """½ E (D(G(z)) - 1)²; 1/8 where D cannot tell."""
        return (fake - 1).square().mean() / 2
