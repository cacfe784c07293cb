"""Mean and covariance of what an encoder answers with, as it learns."""

import torch
from torch import Tensor, nn

from ganlib.ranks import mean, world


class Moments(nn.Module):
    """Exponential averages of codes and of their products; before the first update, those of the standard normal distribution.

    mean [latent], second [latent, latent]; weight: the share of an endless average that has been seen. float64, for a
    covariance is a small difference of large numbers.
    """

    mean: Tensor
    second: Tensor
    weight: Tensor

    def __init__(self, latent: int, half_life_kimg: float) -> None:
        super().__init__()
        self.half_life = 1000 * half_life_kimg
        self.register_buffer("mean", torch.zeros(latent, dtype=torch.float64))
        self.register_buffer("second", torch.eye(latent, dtype=torch.float64))
        self.register_buffer("weight", torch.zeros((), dtype=torch.float64))

    @torch.no_grad()
    def update(self, codes: Tensor) -> None:
        """Take in the codes [N, latent] of a batch; those of the first one alone are their own average."""
        codes = codes.double()
        new = 1 - 0.5 ** (world() * len(codes) / self.half_life)
        self.weight.mul_(1 - new).add_(new)
        self.mean.lerp_(mean(codes.mean(0)), new / self.weight)
        self.second.lerp_(mean(codes.T @ codes / len(codes)), new / self.weight)

    def covariance(self) -> Tensor:
        """Of the codes, [latent, latent]."""
        return self.second - torch.outer(self.mean, self.mean)
