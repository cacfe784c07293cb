"""The non-saturating game (Goodfellow et al. 2014, section 3): binary cross-entropy, with the generator's labels turned round."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor
from torch.nn.functional import softplus

from ganlib.objectives.base import Objective


@dataclass(frozen=True)
class Nonsaturating(Objective):
    """It has no knobs."""

    signed: ClassVar[bool] = True

    name: Literal["nonsaturating"] = "nonsaturating"

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log σ(D(x)) - E log(1 - σ(D(G(z)))), computed from logits; 2 log 2 where D cannot tell."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E log σ(D(G(z))): strong gradients also where D is sure; log 2 where D cannot tell."""
        return softplus(-fake).mean()
