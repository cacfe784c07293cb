"""R2: a discriminator that is flat where the generator draws (Mescheder et al. 2018, equation 10, without its factor γ/2)."""

from collections.abc import Callable

import torch
from torch import Tensor

from ganlib.objectives.penalties.slope import slope_at


def penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, dice: torch.Generator) -> Tensor:
    """E ‖∇ₓD(G(z))‖² over the generated pictures, summed over pixels and channels. Differentiable in D's parameters."""
    return slope_at(discriminator, fake).square().flatten(1).sum(1).mean()
