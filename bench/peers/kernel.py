"""The kernel distance as torchmetrics computes it, of one subset that is the whole."""

import torch
from torch import Tensor


def poly_mmd(first: Tensor, second: Tensor) -> float:
    """The unbiased estimate from three whole matrices of kernels (x·y / D + 1)³."""
    kernels = [(x @ y.T / x.shape[1] + 1.0) ** 3 for x, y in ((first, first), (first, second), (second, second))]
    count = len(first)
    within = [kernel.sum(dim=-1) - torch.diag(kernel) for kernel in (kernels[0], kernels[2])]
    return float((within[0].sum() + within[1].sum()) / (count * (count - 1)) - 2 * kernels[1].sum() / count**2)
