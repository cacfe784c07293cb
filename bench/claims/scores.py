"""From features to a distance, with as many features as Inception has."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from bench.claim import Contest, expect_close
from bench.peers import frechet as peers
from ganlib.metrics.frechet import frechet_distance, frechet_distance_of_moments
from ganlib.metrics.moments import Features, Moments

DIMENSION = 2048
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
    return Contest(peer, lambda: frechet_distance_of_moments(first, second), "the distance", counted=False)


def few(root: Callable[[Tensor, Tensor], float]) -> Contest:
    """1,000 pictures a set, fewer than features: from features, which are then better than moments."""
    first, second = _features(1000)

    def peer() -> float:
        (mean_1, covariance_1), (mean_2, covariance_2) = peers.by_numpy(first), peers.by_numpy(second)
        return peers.assemble(mean_1 - mean_2, covariance_1, covariance_2, root(covariance_1, covariance_2))

    theirs, mine = peer(), frechet_distance(first, second)
    expect_close("Fréchet distance", abs(theirs - mine) / mine, _DIGITS)
    return Contest(peer, lambda: frechet_distance(first, second), "the distance", counted=False)


def moments() -> Contest:
    """Mean and covariance of 10,000 pictures, in float64, against torchmetrics' sums, in batches of 50."""
    features, _ = _features(10_000)
    theirs, mine = peers.by_sums(features)[1], Moments.of(features).covariance
    expect_close("covariance", float((theirs - mine).norm() / mine.norm()), 1e-10)
    return Contest(lambda: peers.by_sums(features), lambda: Moments.of(features).covariance, "the covariance")


def _features(number: int) -> tuple[Features, Features]:
    """Two sets: not negative, of all scales as those of a network are, mixed with each other; the second a little off."""
    dice = np.random.default_rng(0)
    scale = np.arange(1, DIMENSION + 1) ** -0.5
    mix = dice.standard_normal((DIMENSION, DIMENSION)) / DIMENSION**0.5
    sets = [(dice.standard_normal((number, DIMENSION)) * scale + shift) @ mix + 0.01 for shift in (0.0, 0.1)]
    first, second = (np.maximum(drawn, 0).astype(np.float32) for drawn in sets)
    return first, second
