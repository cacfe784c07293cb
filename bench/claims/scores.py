"""From features to a distance, with as many features as Inception has."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.claim import Contest, expect_close
from bench.peers import frechet as peers
from bench.peers.kernel import poly_mmd
from bench.peers.neighbours import whole_matrices
from ganlib.metrics.frechet import frechet_distance, frechet_distance_of_moments
from ganlib.metrics.kernel import kernel_distance
from ganlib.metrics.moments import Features, Moments
from ganlib.metrics.neighbours import neighbour_scores

DIMENSION = 2048
PICTURES = 2000  # a set, where all pairs of them are compared
_STRETCH = 2.0  # which is exact in floating point
_DIGITS = 1e-4  # of relative differences: what a Schur root of a singular product is good for, with room


def many(root: Callable[[Tensor, Tensor], float]) -> Contest:
    """10,000 pictures a set, from their moments, which are a claim of their own."""
    first, second = (Moments.of(features) for features in _features(10_000))
    covariances = first.covariance, second.covariance
    shift = first.mean - second.mean

    def peer() -> float:
        return peers.assemble(shift, *covariances, root(*covariances))

    theirs, mine = peer(), frechet_distance_of_moments(first, second)
    expect_close("Fréchet distance", abs(theirs - mine) / mine, _DIGITS)

    def errors() -> tuple[float, float]:
        stretched = Moments(first.count, _STRETCH * first.mean, _STRETCH**2 * first.scatter)
        pair = first.covariance, stretched.covariance
        exact = (_STRETCH - 1) ** 2 * float(first.mean @ first.mean + first.covariance.trace())
        theirs = peers.assemble(first.mean - stretched.mean, *pair, root(*pair))
        return _off(theirs, exact), _off(frechet_distance_of_moments(first, stretched), exact)

    return Contest(peer, lambda: frechet_distance_of_moments(first, second), "the distance", counted=False, errors=errors)


def few(root: Callable[[Tensor, Tensor], float]) -> Contest:
    """1,000 pictures a set, fewer than features: from features, which are then better than moments."""
    first, second = _features(1000)

    def peer(other: Features = second) -> float:
        (mean_1, covariance_1), (mean_2, covariance_2) = peers.by_numpy(first), peers.by_numpy(other)
        return peers.assemble(mean_1 - mean_2, covariance_1, covariance_2, root(covariance_1, covariance_2))

    def errors() -> tuple[float, float]:
        doubled = first.astype(np.float64)
        exact = (_STRETCH - 1) ** 2 * float(np.square(doubled.mean(axis=0)).sum() + doubled.var(axis=0, ddof=1).sum())
        stretched = first * np.float32(_STRETCH)
        return _off(peer(stretched), exact), _off(frechet_distance(first, stretched), exact)

    theirs, mine = peer(), frechet_distance(first, second)
    expect_close("Fréchet distance", abs(theirs - mine) / mine, _DIGITS)
    return Contest(peer, lambda: frechet_distance(first, second), "the distance", counted=False, errors=errors)


def moments() -> Contest:
    """Mean and covariance of 10,000 pictures, in float64, against torchmetrics' sums, in batches of 50."""
    features, _ = _features(10_000)
    theirs, mine = peers.by_sums(features)[1], Moments.of(features).covariance
    expect_close("covariance", float((theirs - mine).norm() / mine.norm()), 1e-10)

    def errors() -> tuple[float, float]:
        whole = _whole(features)
        exact = _exact_covariance(whole)
        found = peers.by_sums(whole)[1], Moments.of(whole).covariance
        theirs, mine = (float((covariance - exact).norm() / exact.norm()) for covariance in found)
        return theirs, mine

    return Contest(lambda: peers.by_sums(features), lambda: Moments.of(features).covariance, "the covariance", errors=errors)


def kernel() -> Contest:
    """The kernel distance of 2,000 pictures a set, all pairs, with its error; theirs has none of one subset."""
    first, second = _features(PICTURES)

    def peer(one: Features = first, other: Features = second) -> float:
        return poly_mmd(torch.from_numpy(one).double(), torch.from_numpy(other).double())

    theirs, mine = peer(), kernel_distance(first, second).value
    expect_close("kernel distance", abs(theirs - mine) / mine, 1e-9)

    def errors() -> tuple[float, float]:
        one, other = _whole(first), _whole(second)
        exact = _exact_kernel_distance(one, other)
        return _off(peer(one, other), exact), _off(kernel_distance(one, other).value, exact)

    return Contest(peer, lambda: kernel_distance(first, second), "the distance", counted=False, errors=errors)


def neighbours() -> Contest:
    """Precision, recall, density and coverage of 2,000 pictures a set, with errors, which theirs have not."""
    first, second = _features(PICTURES)

    def mine() -> dict[str, float]:
        return {score.name: score.value for score in neighbour_scores(first, second)}

    def peer() -> dict[str, float]:
        return whole_matrices(first.astype(np.float64), second.astype(np.float64))

    theirs, ours = peer(), mine()
    for name, value in theirs.items():
        expect_close(name, abs(value - ours[name]), 1e-12)
    return Contest(peer, mine, "all four scores", counted=False)


def _features(number: int) -> tuple[Features, Features]:
    """Two sets: not negative, of all scales as those of a network are, mixed with each other; the second a little off."""
    dice = np.random.default_rng(0)
    scale = np.arange(1, DIMENSION + 1) ** -0.5
    mix = dice.standard_normal((DIMENSION, DIMENSION)) / DIMENSION**0.5
    sets = [(dice.standard_normal((number, DIMENSION)) * scale + shift) @ mix + 0.01 for shift in (0.0, 0.1)]
    first, second = (np.maximum(drawn, 0).astype(np.float32) for drawn in sets)
    return first, second


def _off(found: float, exact: float) -> float:
    return abs(found - exact) / exact


def _whole(features: Features) -> NDArray[np.float32]:
    """As whole numbers of a hundredth of the largest, so that sums of products of them are exact in float64."""
    whole: NDArray[np.float32] = np.rint(features * (100 / features.max())).astype(np.float32)
    return whole


def _exact_covariance(whole: Features) -> Tensor:
    """(Σ x xᵀ - Σx Σxᵀ / N) / (N - 1), with sums that are exact; the difference is one of whole numbers below 2⁵³."""
    x = torch.from_numpy(whole).double()
    total = x.sum(dim=0)
    return (len(x) * (x.T @ x) - torch.outer(total, total)) / (len(x) * (len(x) - 1))


def _exact_kernel_distance(first: Features, second: Features) -> float:
    """The sums of (x·y + D)³ as whole numbers of any length, divided last."""
    x, y = first.astype(np.float64), second.astype(np.float64)
    count, dimension = len(x), x.shape[1]

    def total(one: NDArray[np.float64], other: NDArray[np.float64]) -> int:
        powers = (one @ other.T + dimension).astype(np.int64).astype(object) ** 3
        return int(powers.sum() - (np.trace(powers) if one is other else 0))

    within, across = total(x, x) + total(y, y), total(x, y)
    return float(Fraction(within * count - 2 * across * (count - 1), count**2 * (count - 1) * dimension**3))
