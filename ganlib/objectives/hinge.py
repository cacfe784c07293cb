"""The hinge game (Lim & Ye 2017; Miyato et al. 2018, equations 16 and 17): D learns from what lies within its margin only."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor
from torch.nn.functional import relu

from ganlib.objectives.base import Objective


@dataclass(frozen=True)
class Hinge(Objective):
    """It has no knobs."""

    signed: ClassVar[bool] = True

    name: Literal["hinge"] = "hinge"

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))); 2 where D cannot tell."""
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E D(G(z))."""
        return -fake.mean()
