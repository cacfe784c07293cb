"""The slope of a discriminator, from which every penalty is made."""

from collections.abc import Callable

import torch
from torch import Tensor

from ganlib.nets.twice import of_maps_alone


def slope_at(discriminator: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    """∇ₓD(x) at each of the pictures [N, C, H, W], of the same shape; differentiable in D's parameters."""
    pictures = pictures.detach().requires_grad_(True)
    scores = discriminator(pictures)
    with of_maps_alone():
        (slope,) = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    return slope
