"""The Fréchet distance in sixty digits, of a few features: slow, by the definition, and right."""

from collections.abc import Iterable
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]


def draw(count: int, dimension: int, spread: float, seed: int, rank: int | None = None) -> Samples:
    """Gaussians with axes of their own, [count, dimension]; the eigenvalues of their covariance fall by a factor of `spread` from
    first to last. rank: of how many directions, all by itself."""
    deviations = spread ** (-np.arange(dimension) / (2 * (dimension - 1)))
    deviations[rank or dimension :] = 0
    axes = np.linalg.qr(np.random.default_rng(99).normal(size=(dimension, dimension)))[0]
    samples: Samples = np.random.default_rng(seed).normal(size=(count, dimension)) * deviations @ axes
    return samples


def nearly(samples: Samples) -> Samples:
    """The same with a hundredth of noise: their distance is some 1e-5 of the traces that it is what is left of."""
    noisy: Samples = samples + 0.01 * samples.std(axis=0) * np.random.default_rng(3).normal(size=samples.shape)
    return noisy


def sixty_digits(first: Samples, second: Samples) -> float:
    """|m1 - m2|² + tr(S1) + tr(S2) - 2 tr((S1^½ S2 S1^½)^½) of two sets of samples, in mpmath's arithmetic."""
    with mpmath.workdps(60):
        (mean_1, a), (mean_2, b) = _centred(first), _centred(second)
        squares = _squares_by_samples(a, b) if min(a.rows, b.rows) <= a.cols else _squares_by_features(a, b)
        shift = mean_1 - mean_2
        traces = mpmath.fsum(z**2 for z in a) + mpmath.fsum(z**2 for z in b)
        root = mpmath.fsum(mpmath.sqrt(max(square, 0)) for square in squares)
        return float((shift.T * shift)[0] + traces - 2 * root)


def _centred(samples: Samples) -> tuple[Any, Any]:
    """The mean, and a factor A of the covariance AᵀA."""
    rows, (count, dimension) = mpmath.matrix(samples.tolist()), samples.shape
    mean = mpmath.matrix([mpmath.fsum(rows[i, j] for i in range(count)) / count for j in range(dimension)])
    scale = mpmath.sqrt(count - 1)
    return mean, mpmath.matrix([[(rows[i, j] - mean[j]) / scale for j in range(dimension)] for i in range(count)])


def _squares_by_samples(a: Any, b: Any) -> Iterable[Any]:
    """Squared singular values of A Bᵀ, no more than there are samples."""
    product = a * b.T if a.rows <= b.rows else b * a.T
    values: Iterable[Any] = mpmath.eigsy(product * product.T, eigvals_only=True)
    return values


def _squares_by_features(a: Any, b: Any) -> Iterable[Any]:
    """Eigenvalues of S1^½ S2 S1^½, as in the definition."""
    values, vectors = mpmath.eigsy(a.T * a)
    root = vectors * mpmath.diag([mpmath.sqrt(max(value, 0)) for value in values]) * vectors.T
    squares: Iterable[Any] = mpmath.eigsy(root * (b.T * b) * root, eigvals_only=True)
    return squares
