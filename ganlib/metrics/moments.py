"""Mean and scatter of feature vectors, in one pass over batches, in float64."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: Real numbers of any precision as they come from an extractor, [N, D]; computed with in float64.
Features = NDArray[np.floating[Any]]


def double(features: Features) -> Tensor:
    """The features as a float64 tensor."""
    return torch.from_numpy(np.ascontiguousarray(features, dtype=np.float64))


def gram(x: Tensor, block: int = 512) -> Tensor:
    """xᵀx, [D, D], of [N, D]: only the blocks on and above the diagonal are computed, little more than half of the products."""
    products = x.new_empty(x.shape[1], x.shape[1])
    for start in range(0, x.shape[1], block):
        end = min(start + block, x.shape[1])
        products[:end, start:end] = x[:, :end].T @ x[:, start:end]
        products[start:end, :start] = products[:start, start:end].T
    return products


@dataclass(frozen=True)
class Moments:
    """count: N. mean: [D]. scatter: [D, D], the sum over the vectors of (x - mean)(x - mean)ᵀ. Both float64."""

    count: int
    mean: Tensor
    scatter: Tensor

    @staticmethod
    def of(features: Features) -> "Moments":
        """The moments of [N, D] features, N >= 1."""
        x = double(features)
        mean = x.mean(dim=0)
        centred = x - mean
        return Moments(len(x), mean, gram(centred))

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance, [D, D]; needs count >= 2."""
        return self.scatter / (self.count - 1)

    def merge(self, other: "Moments") -> "Moments":
        """The moments of both sets together (Chan, Golub and LeVeque 1979)."""
        count = self.count + other.count
        step = other.mean - self.mean
        mean = self.mean + step * (other.count / count)
        between = torch.outer(step, step) * (self.count * other.count / count)
        return Moments(count, mean, self.scatter + other.scatter + between)


def stream_moments(batches: Iterable[Features]) -> Moments:
    """The moments of all batches, holding one batch at a time; there must be at least one."""
    return reduce(Moments.merge, map(Moments.of, batches))
