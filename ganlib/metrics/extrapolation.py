"""The Fréchet distance at N and, by extrapolation, for endless samples; both with a standard error."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from ganlib.metrics.frechet import ENOUGH, distance_by_cholesky, distance_by_factors, frechet_distance
from ganlib.metrics.measure import Measurement
from ganlib.metrics.moments import Features, Moments
from ganlib.metrics.parallel import parallel

#: Into how many groups both sets are cut; leaving out one group at a time gives sub-samples of 1/2, 2/3 and 7/8 of N.
GROUPS = (2, 3, 8)


@dataclass(frozen=True)
class Extrapolation:
    """sizes: pictures in a sub-sample, the whole first. distances: the mean distance at each size. error: of `distances[0]`.

    limit, slope: the line limit + slope / size that fits them. limit_error: of the limit.
    """

    sizes: tuple[float, ...]
    distances: tuple[float, ...]
    error: float
    limit: float
    slope: float
    limit_error: float

    def measurements(self) -> tuple[Measurement, ...]:
        """The distance at N, and the limit."""
        return Measurement("fd", self.distances[0], self.error), Measurement("fd_infinity", self.limit, self.limit_error)


def extrapolate(first: Features, second: Features, seed: int = 0) -> Extrapolation:
    """Fit the Fréchet distance of sub-samples by a line in 1/N and read it off at 1/N = 0 (Chong and Forsyth 2020).

    Both sets, [N, D] and [M, D], at least 20 each, are drawn down together, for the bias has a share of each; Chong and
    Forsyth can leave the reference whole because theirs holds 50,000. The sub-samples leave out one of k groups in turn, so
    that every picture weighs the same at every size, and those with the most groups give the standard error as well (the
    jackknife over groups, Efron and Tibshirani 1993, chapter 11): right where the sets differ, up to 1.6 times too large where
    they are alike. The error of the limit is that of the distance and that of the fit's intercept, in quadrature: the one is
    common to all points of the line, the other says how well they lie on it.
    """
    rng = np.random.default_rng(seed)
    orders = rng.permutation(len(first)), rng.permutation(len(second))
    replicates = [_leave_one_out(first[orders[0]], second[orders[1]], groups) for groups in GROUPS]
    distances = [frechet_distance(first, second), *(float(np.mean(values)) for values in reversed(replicates))]
    shares = [1.0, *((groups - 1) / groups for groups in reversed(GROUPS))]
    error = _jackknife_error(np.array(replicates[-1]))
    limit, slope, fit_error = _line(1 / np.array(shares), np.array(distances))
    count = min(len(first), len(second))
    sizes = tuple(count * share for share in shares)
    return Extrapolation(sizes, tuple(distances), error, limit, slope * count, float(np.hypot(error, fit_error)))


def _leave_one_out(first: Features, second: Features, groups: int) -> list[float]:
    """The distances without group i of either set, for each i; from downdated moments where those suffice."""
    quick = min(len(first), len(second)) * (1 - 1 / groups) >= ENOUGH * first.shape[1]
    rests = [_moments_of_rests(x, groups) for x in (first, second)] if quick else None

    def distance(group: int) -> float:
        found = distance_by_cholesky(rests[0][group], rests[1][group]) if rests else None
        return distance_by_factors(*(x[np.arange(len(x)) % groups != group] for x in (first, second))) if found is None else found

    return list(parallel(distance, range(groups)))


def _moments_of_rests(features: Features, groups: int) -> list[Moments]:
    parts = list(parallel(lambda group: Moments.of(features[group::groups]), range(groups)))
    whole = reduce(Moments.merge, parts)
    return [whole.without(part) for part in parts]


def _jackknife_error(replicates: NDArray[np.float64]) -> float:
    groups = len(replicates)
    return float(np.sqrt((groups - 1) / groups * np.sum((replicates - replicates.mean()) ** 2)))


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    """Least squares y = intercept + slope x: the intercept, the slope, and the standard error of the intercept."""
    spread = np.sum((x - x.mean()) ** 2)
    slope = np.sum((x - x.mean()) * y) / spread
    intercept = y.mean() - slope * x.mean()
    noise = np.sum((y - intercept - slope * x) ** 2) / (len(x) - 2)
    return float(intercept), float(slope), float(np.sqrt(noise * (1 / len(x) + x.mean() ** 2 / spread)))
