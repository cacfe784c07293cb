"""DRAGAN: a discriminator of unit slope around the data alone (Kodali et al. 2017, equation 1, without its factor λ)."""

from collections.abc import Callable

import torch
from torch import Tensor

from ganlib.objectives.penalties.gradient import off_unit_slope, shares
from ganlib.ranks import batch_variance, rolled

#: The reach of the noise, in standard deviations of the batch.
_REACH = 0.5


def penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, dice: torch.Generator) -> Tensor:
    """E (‖∇D(x + δ)‖ - 1)² over the real pictures; `fake` plays no part.

    The noise is that of the authors' released code, which Lucic et al. 2018 compared, too; the paper's is normal, of a
    width to be chosen. δ = α · ½ s · u, with s the standard deviation of all pixels of the batch, u uniform in [0, 1) for
    every pixel, and α uniform in [0, 1) for every picture.
    """
    spread = batch_variance(real.flatten()).sqrt()
    noise = rolled(torch.rand, real.shape, dice, real)
    return off_unit_slope(discriminator, real + shares(real, dice) * _REACH * spread * noise)
