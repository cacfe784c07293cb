"""The kernel distance between two sets of features: the squared maximum mean discrepancy under a polynomial kernel."""

from collections.abc import Iterator

import numpy as np

from ganlib.metrics.measure import Measurement
from ganlib.metrics.moments import Features, Matrix

#: Rows of the kernel matrix that are held at a time.
BLOCK = 2048


def kernel_distance(first: Features, second: Features, block: int = BLOCK) -> Measurement:
    """KID with its standard error (Bińkowski et al. 2018, section 4): the kernel is (x·y / D + 1)³ on [N, D] and [M, D] features.

    The estimate is unbiased (Gretton et al. 2012, equation 3), so it can fall below zero, and exact: all pairs, `block` rows
    at a time, where the paper averages over random subsets. N and M must be at least 2.

    The error is from the spread of the mean kernels of single samples, the first-order variance of a U-statistic (Sutherland
    et al. 2017, section 2); on samples it holds enough of the second order not to vanish when both sets are alike.
    """
    within_first, within_second = _mean_kernel_within(first, block), _mean_kernel_within(second, block)
    across, back = _mean_kernels_across(first, second, block)
    value = within_first.mean() + within_second.mean() - 2 * across.mean()
    variance = 4 * np.var(within_first - across, ddof=1) / len(first) + 4 * np.var(within_second - back, ddof=1) / len(second)
    return Measurement("kid", float(value), float(np.sqrt(variance)))


def _kernel(x: Matrix, y: Matrix) -> Matrix:
    return np.asarray((x @ y.T / x.shape[1] + 1) ** 3)


def _mean_kernel_within(features: Features, block: int) -> Matrix:
    """For each sample the mean of its kernel with all the others, [N]."""
    x = np.asarray(features, dtype=np.float64)
    sums = np.concatenate([_kernel(x[rows], x).sum(axis=1) for rows in _blocks(len(x), block)])
    itself = (np.sum(x * x, axis=1) / x.shape[1] + 1) ** 3
    return np.asarray((sums - itself) / (len(x) - 1))


def _mean_kernels_across(first: Features, second: Features, block: int) -> tuple[Matrix, Matrix]:
    """For each sample of either set the mean of its kernel with the other set's, [N] and [M]."""
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    across, back = np.empty(len(x)), np.zeros(len(y))
    for rows in _blocks(len(x), block):
        kernel = _kernel(x[rows], y)
        across[rows] = kernel.mean(axis=1)
        back += kernel.sum(axis=0)
    return across, back / len(x)


def _blocks(count: int, block: int) -> Iterator[slice]:
    return (slice(start, start + block) for start in range(0, count, block))
