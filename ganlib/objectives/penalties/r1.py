"""R1: a discriminator that is flat where the data lie (Mescheder et al. 2018, equation 9, without its factor γ/2)."""

from collections.abc import Callable

import torch
from torch import Tensor

from ganlib.objectives.penalties.slope import slope_at


def penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, dice: torch.Generator) -> Tensor:
    """E ‖∇ₓD(x)‖² over the real pictures, summed over pixels and channels. Differentiable in D's parameters."""
    return slope_at(discriminator, real).square().flatten(1).sum(1).mean()
