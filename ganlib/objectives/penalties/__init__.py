"""Penalties on the discriminator's slope, to be added to any objective: one file each, one line here."""

from collections.abc import Callable

import torch
from torch import Tensor

from ganlib.objectives.penalties import dragan, gradient, r1, r2

#: A penalty takes the discriminator, real and generated pictures [N, C, H, W] (as many of the one as of the other) and the
#: step's random numbers, and returns a scalar, unweighted, that can be differentiated in the discriminator's parameters.
Penalty = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor, torch.Generator], Tensor]

PENALTIES: dict[str, Penalty] = {
    "gradient": gradient.penalty,
    "dragan": dragan.penalty,
    "r1": r1.penalty,
    "r2": r2.penalty,
}
