"""The kernel distance between two sets of features: the squared maximum mean discrepancy under a polynomial kernel."""

import torch
from torch import Tensor

from ganlib.metrics.measure import Measurement
from ganlib.metrics.moments import Features, double
from ganlib.metrics.parallel import parallel

#: Rows of the kernel matrix that a thread holds at a time.
BLOCK = 512


def kernel_distance(first: Features, second: Features, block: int = BLOCK) -> Measurement:
    """KID with its standard error (Bińkowski et al. 2018, section 4): the kernel is (x·y / D + 1)³ on [N, D] and [M, D] features.

    The estimate is unbiased (Gretton et al. 2012, equation 3), so it can fall below zero, and exact: all pairs, `block` rows
    at a time, where the paper averages over random subsets. N and M must be at least 2.

    The error is from the spread of the mean kernels of single samples, the first-order variance of a U-statistic (Sutherland
    et al. 2017, section 2); on samples it holds enough of the second order not to vanish when both sets are alike.
    """
    x, y = double(first), double(second)
    within_x, within_y = _mean_kernels_within(x, block), _mean_kernels_within(y, block)
    across, back = _mean_kernels(x, y, block), _mean_kernels(y, x, block)
    value = within_x.mean() + within_y.mean() - 2 * across.mean()
    variance = 4 * (within_x - across).var() / len(x) + 4 * (within_y - back).var() / len(y)
    return Measurement("kid", float(value), float(variance.sqrt()))


def _mean_kernels(x: Tensor, y: Tensor, block: int) -> Tensor:
    """For each of x the mean of its kernels with all of y, [N]."""
    return torch.cat(list(parallel(lambda rows: ((rows @ y.T / y.shape[1] + 1) ** 3).mean(dim=1), torch.split(x, block))))


def _mean_kernels_within(x: Tensor, block: int) -> Tensor:
    """For each of x the mean of its kernels with all the others, [N]."""
    itself = ((x * x).sum(dim=1) / x.shape[1] + 1) ** 3
    return (_mean_kernels(x, x, block) * len(x) - itself) / (len(x) - 1)
