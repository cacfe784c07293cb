"""The Fréchet distance and what it is made of, as two common tools compute them."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import linalg
from torch import Tensor

Features = NDArray[np.float32] | NDArray[np.float64]


def by_numpy(features: Features) -> tuple[Tensor, Tensor]:
    """pytorch-fid's mean and covariance."""
    mean, covariance = np.mean(features, axis=0, dtype=np.float64), np.cov(features, rowvar=False)
    return torch.from_numpy(mean), torch.from_numpy(covariance)


def by_sums(features: Features, batch: int = 50) -> tuple[Tensor, Tensor]:
    """torchmetrics' mean and covariance: sums and sums of products in float64, batch by batch."""
    total, products = torch.zeros(features.shape[1]).double(), torch.zeros(features.shape[1], features.shape[1]).double()
    for start in range(0, len(features), batch):
        part = torch.from_numpy(features[start : start + batch]).double()
        total += part.sum(dim=0)
        products += part.t().mm(part)
    mean = (total / len(features)).unsqueeze(0)
    return mean.squeeze(0), (products - len(features) * mean.t().mm(mean)) / (len(features) - 1)


def schur_root(first: Tensor, second: Tensor) -> float:
    """tr((S1 S2)^½) as pytorch-fid has it, by scipy's sqrtm of the product."""
    root = linalg.sqrtm(first.numpy() @ second.numpy())
    if not np.isfinite(root).all():
        offset = 1e-6 * np.eye(len(first))
        root = linalg.sqrtm((first.numpy() + offset) @ (second.numpy() + offset))
    return float(np.trace(root.real))


def eigenvalue_root(first: Tensor, second: Tensor) -> float:
    """The same as torchmetrics has it, by the eigenvalues of the product."""
    return float(torch.linalg.eigvals(first @ second).sqrt().real.sum())


def assemble(shift: Tensor, first: Tensor, second: Tensor, root: float) -> float:
    """The distance, of the means' difference, the covariances, and the trace of the root of their product."""
    return float(shift @ shift + first.trace() + second.trace()) - 2 * root
