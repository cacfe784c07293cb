"""Precision, recall, density and coverage as in the code that Naeem et al. published: three whole matrices of distances."""

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]


def whole_matrices(fake: Features, real: Features, k: int = 5) -> dict[str, float]:
    """The four scores by their names."""
    apart = _distances(real, fake)
    in_real, in_fake = apart < _radii(real, k)[:, None], apart < _radii(fake, k)[None]
    return {
        "precision": float(in_real.any(axis=0).mean()),
        "recall": float(in_fake.any(axis=1).mean()),
        "density": float(in_real.sum(axis=0).mean() / k),
        "coverage": float((apart.min(axis=1) < _radii(real, k)).mean()),
    }


def _distances(x: Features, y: Features) -> Features:
    squares: Features = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1) - 2 * x @ y.T
    distances: Features = np.sqrt(squares.clip(0))
    return distances


def _radii(x: Features, k: int) -> Features:
    radii: Features = np.partition(_distances(x, x), k, axis=1)[:, k]
    return radii
