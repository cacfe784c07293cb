"""The minimax game (Goodfellow et al. 2014, equation 1): one value, which D makes large and G makes small."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor
from torch.nn.functional import softplus

from ganlib.objectives.base import Objective


@dataclass(frozen=True)
class Minimax(Objective):
    """It has no knobs."""

    signed: ClassVar[bool] = True

    name: Literal["minimax"] = "minimax"

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log σ(D(x)) - E log(1 - σ(D(G(z)))), computed from logits; 2 log 2 where D cannot tell."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E log(1 - σ(D(G(z)))): flat where D is sure, so that G hardly learns there; -log 2 where D cannot tell."""
        return -softplus(fake).mean()
