"""The gradient penalty of WGAN-GP (Gulrajani et al. 2017, equation 3, without its factor λ)."""

from collections.abc import Callable

import torch
from torch import Tensor

from ganlib.objectives.penalties.slope import slope_at
from ganlib.ranks import rolled


def penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, dice: torch.Generator) -> Tensor:
    """E (‖∇D(x̂)‖ - 1)², each x̂ at a random place on the straight line from a real picture to a generated one."""
    share = shares(real, dice)
    return off_unit_slope(discriminator, real + share * (fake - real))


def shares(pictures: Tensor, dice: torch.Generator) -> Tensor:
    """A number for every picture [N, 1, 1, 1], uniform in [0, 1), drawn on the CPU, on the pictures' device."""
    return rolled(torch.rand, (len(pictures), 1, 1, 1), dice, pictures)


def off_unit_slope(discriminator: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    """E (‖∇D(x)‖ - 1)² over the pictures: slopes below 1 cost as those above do. Differentiable in D's parameters.

    Where the slope is 0 the norm has no derivative; it is then taken as 0, and D is not moved by that picture.
    """
    # `vector_norm` has that 0 for its derivative; the root of a sum of squares written out would give NaN.
    steepness: Tensor = torch.linalg.vector_norm(slope_at(discriminator, pictures).flatten(1), dim=1)
    return (steepness - 1).square().mean()
