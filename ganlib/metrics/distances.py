"""Distances between feature vectors, all pairs of them."""

from torch import Tensor


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """[N, M] of float64 [N, D] and [M, D]. What rounding leaves of the distance between equal points is made zero."""
    sums = (x * x).sum(dim=1)[:, None] + (y * y).sum(dim=1)
    distances = sums - 2 * x @ y.T
    return distances.where(distances > 1e-12 * sums, 0.0)
