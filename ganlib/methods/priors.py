"""What codes are drawn from. Every published generator takes standard normal codes; another distribution is a map from these."""

import math

import torch
from torch import Tensor, nn


class UniformCodes(nn.Module):
    """A generator of codes that are uniform in [-1, 1], given normal ones: 2 Φ(z) - 1 = erf(z / √2)."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, codes: Tensor) -> Tensor:
        pictures: Tensor = self.decoder(torch.erf(codes / math.sqrt(2)))
        return pictures


class FittedCodes(nn.Module):
    """A generator of codes that have a Gaussian fitted to them: x = decoder(mean + z factorᵀ), z standard normal.

    mean [latent], factor [latent, latent]: a square root of the covariance. Both are part of the published weights.
    """

    mean: Tensor
    factor: Tensor

    def __init__(self, decoder: nn.Module, latent: int) -> None:
        super().__init__()
        self.decoder = decoder
        self.register_buffer("mean", torch.zeros(latent))
        self.register_buffer("factor", torch.eye(latent))

    def fit(self, mean: Tensor, covariance: Tensor) -> "FittedCodes":
        """Take on this Gaussian; directions without spread are no trouble. Returns itself."""
        values, vectors = torch.linalg.eigh(covariance.double().cpu())
        self.mean.copy_(mean)
        self.factor.copy_(vectors * values.clamp(min=0).sqrt())
        return self

    def forward(self, codes: Tensor) -> Tensor:
        pictures: Tensor = self.decoder(self.mean + codes @ self.factor.T)
        return pictures
