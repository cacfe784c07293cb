"""The Fréchet distance at N and, by extrapolation, for endless samples; both with a standard error."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from ganlib.metrics.frechet import ENOUGH, distance_by_factors, frechet_distance, frechet_distance_of_moments
from ganlib.metrics.measure import Measurement
from ganlib.metrics.moments import Features, Moments
from ganlib.metrics.parallel import parallel

#: Into how many groups both sets are cut, and how many neighbouring ones are left out at a time: 1/2, 2/3 and 5/6 of N stay.
GROUPS, STEPS = 6, (1, 2, 3)


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
    Forsyth can leave the reference whole because theirs holds 50,000. The sub-samples leave out some of six groups in turn,
    so that every picture weighs the same at every size, and those without one group give the standard error as well (the
    jackknife over groups, Efron and Tibshirani 1993, chapter 11): right where the sets differ, up to 1.7 times too large where
    they are alike. From six groups it is uncertain itself: the truth lies within one and two errors in some 64 and 90 % of draws
    (Student's t with five degrees of freedom), where it should be 68 and 95. The error of the limit is that of the distance and
    that of the fit's intercept, in quadrature: the one is common to all points of the line, the other says how well they lie on
    it. Neither knows of the line's bend: with fewer than several pictures a dimension the limit is still too high (of equal
    Gaussians by 0.17, where D is 1280, N 1476 and variances fall as 1/i), so that it is to be held against its floor.
    """
    rng = np.random.default_rng(seed)
    samples = SubSamples(first[rng.permutation(len(first))], second[rng.permutation(len(second))])
    sets = [LeftOut(step, start) for step in (0, *STEPS) for start in range(0, GROUPS if step else 1, step or 1)]
    found = dict(zip(sets, parallel(samples.distance, sets), strict=True))
    by_step = {step: [value for left_out, value in found.items() if left_out.step == step] for step in (0, *STEPS)}
    shares = np.array([1 - step / GROUPS for step in by_step])
    distances = np.array([np.mean(values) for values in by_step.values()])
    error = _jackknife_error(np.array(by_step[1]))
    limit, slope, fit_error = _line(1 / shares, distances)
    count = min(len(first), len(second))
    sizes = tuple((count * shares).tolist())
    return Extrapolation(sizes, tuple(distances.tolist()), error, limit, slope * count, float(np.hypot(error, fit_error)))


@dataclass(frozen=True)
class LeftOut:
    """`step` neighbouring groups from `start` on; none when `step` is 0."""

    step: int
    start: int

    def keeps(self, group: int) -> bool:
        """Whether a group is left in."""
        return not self.start <= group < self.start + self.step


class SubSamples:
    """Two sets of features, each cut into GROUPS groups, and the distance of what is left without some of them.

    Where even the sub-samples are many, the moments of the groups are summed once and merged as needed.
    """

    def __init__(self, first: Features, second: Features) -> None:
        self.sets = first, second
        self.enough = min(len(first), len(second)) * (1 - max(STEPS) / GROUPS) >= ENOUGH * first.shape[1]
        self.moments = [
            list(parallel(Moments.of, [x[i::GROUPS] for i in range(GROUPS)])) if self.enough else [] for x in self.sets
        ]

    def distance(self, left_out: LeftOut) -> float:
        """The Fréchet distance of the sub-samples."""
        if not left_out.step:
            return frechet_distance(*self.sets)
        if self.enough:
            return frechet_distance_of_moments(*(self._merged(parts, left_out) for parts in self.moments))
        return distance_by_factors(*(self._kept(x, left_out) for x in self.sets))

    def _merged(self, parts: list[Moments], left_out: LeftOut) -> Moments:
        return reduce(Moments.merge, (part for group, part in enumerate(parts) if left_out.keeps(group)))

    def _kept(self, features: Features, left_out: LeftOut) -> Features:
        kept = [group for group in range(GROUPS) if left_out.keeps(group)]
        return features[np.isin(np.arange(len(features)) % GROUPS, kept)]


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
