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
    et al. 2017, section 2); on samples it holds enough of the second order not to vanish when both sets are alike, where it is
    larger than the truth by the root of 2.
    """
    x, y = double(first), double(second)
    within_x, within_y = (_sums_within(z, block) / (len(z) - 1) for z in (x, y))
    of_x, of_y = _sums_across(x, y, block)
    across, back = of_x / len(y), of_y / len(x)
    value = within_x.mean() + within_y.mean() - 2 * across.mean()
    variance = 4 * (within_x - across).var() / len(x) + 4 * (within_y - back).var() / len(y)
    return Measurement("kid", float(value), float(variance.sqrt()))


def _kernels(x: Tensor, y: Tensor) -> Tensor:
    """[N, M]."""
    return (x @ y.T).div_(y.shape[1]).add_(1).pow_(3)


def _sums_across(x: Tensor, y: Tensor, block: int) -> tuple[Tensor, Tensor]:
    """For each of x the sum of its kernels with all of y, [N], and for each of y with all of x, [M]."""

    def part(rows: Tensor) -> tuple[Tensor, Tensor]:
        kernels = _kernels(rows, y)
        return kernels.sum(dim=1), kernels.sum(dim=0)

    of_x, of_y = zip(*parallel(part, torch.split(x, block)), strict=True)
    return torch.cat(of_x), torch.stack(of_y).sum(dim=0)


def _sums_within(x: Tensor, block: int) -> Tensor:
    """For each of x the sum of its kernels with all the others, [N]; each pair is computed once."""

    def part(start: int) -> tuple[Tensor, Tensor]:
        kernels = _kernels(x[start : start + block], x[start:])
        kernels.diagonal().zero_()
        return kernels.sum(dim=1), kernels[:, block:].sum(dim=0)

    sums = x.new_zeros(len(x))
    starts = range(0, len(x), block)
    for start, (of_rows, of_others) in zip(starts, parallel(part, starts), strict=True):
        sums[start : start + block] += of_rows
        sums[start + block :] += of_others
    return sums
