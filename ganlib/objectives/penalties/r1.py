"""R1: a discriminator that is flat where the data lie (Mescheder et al. 2018, equation 9, without its factor γ/2)."""

from collections.abc import Callable

import torch
from torch import Tensor


def penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """E ‖∇ₓD(x)‖² over the real pictures, summed over pixels and channels. Differentiable in D's parameters."""
    pictures = real.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(discriminator(pictures).sum(), pictures, create_graph=True)
    return slope.square().sum(dim=(1, 2, 3)).mean()
