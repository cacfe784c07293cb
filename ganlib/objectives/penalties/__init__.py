"""Penalties on the discriminator's slope, to be added to any objective: one file each, one line here."""

from collections.abc import Callable

from torch import Tensor

from ganlib.objectives.penalties import r1

#: A penalty takes the discriminator, real and generated pictures [N, C, H, W] and returns a scalar, unweighted.
Penalty = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor], Tensor]

PENALTIES: dict[str, Penalty] = {
    "r1": r1.penalty,
}
