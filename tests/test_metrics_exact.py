"""The Fréchet distance against sixty digits: off by a millionth of itself at most, also where it is next to nothing."""

import numpy as np
import pytest

from bench.reference import draw, nearly, sixty_digits
from ganlib.metrics.extrapolation import extrapolate
from ganlib.metrics.frechet import distance_by_factors, frechet_distance, frechet_distance_of_moments
from ganlib.metrics.moments import Moments

LIMIT = 1e-6  # of the distance, as claimed


def of_moments(x, y):
    return frechet_distance_of_moments(Moments.of(x), Moments.of(y))


COUNTS = {
    "D < N": (12, 40, 50),
    "N < D": (24, 10, 13),
    "N < D < M": (24, 10, 60),
    "N = D": (12, 12, 12),
    "N - 1 = D": (12, 13, 13),
}
WAYS = {"as it comes": frechet_distance, "factors": distance_by_factors, "moments": of_moments}


@pytest.mark.parametrize("spread", [1, 1e6, 1e12], ids="condition {:g}".format)
@pytest.mark.parametrize("counts", COUNTS.values(), ids=COUNTS)
class TestSixtyDigits:
    """Every way to the distance, from more and from fewer samples than features, well and badly conditioned."""

    def pairs(self, counts, spread):
        dimension, first, second = counts
        x, y = draw(first, dimension, spread, 1), draw(second, dimension, spread, 2)
        return {"apart": (x, y + 0.3), "of one kind": (x, y)}

    def test_of_two_draws(self, counts, spread):
        """Of one distribution, and of one that is shifted."""
        for x, y in self.pairs(counts, spread).values():
            exact = sixty_digits(x, y)
            for name, way in WAYS.items():
                assert way(x, y) == pytest.approx(exact, rel=LIMIT), name

    def test_of_sets_that_are_nearly_the_same(self, counts, spread):
        """A hundredth of noise on every sample: the distance is some 1e-5 of the traces that it is what is left of."""
        dimension, first, second = counts
        x = draw(min(first, second), dimension, spread, 1)
        y = nearly(x)
        exact = sixty_digits(x, y)
        assert exact < 1e-3 * x.var(axis=0).sum()
        for name, way in WAYS.items():
            assert way(x, y) == pytest.approx(exact, rel=LIMIT), name


@pytest.mark.parametrize("others", [3, 24], ids=["both of three directions", "one of three directions, one of all"])
def test_covariances_of_lower_rank_than_there_are_features_and_samples(others):
    """Forty samples that lie in a space of three dimensions, out of 24."""
    x, y = draw(40, 24, 1e4, 1, rank=3), draw(50, 24, 1e4, 2, rank=others)
    exact = sixty_digits(x, y)
    for name, way in WAYS.items():
        assert way(x, y) == pytest.approx(exact, rel=LIMIT), name


@pytest.mark.parametrize("count", [300, 1500], ids=["N < D", "N > D"])
@pytest.mark.parametrize("spread", [1, 1e12], ids="condition {:g}".format)
def test_closed_forms_with_many_features(count, spread):
    """Of 512 features, stretched by a thousandth: (c - 1)² (|m|² + tr S), a millionth of what it is the rest of.

    A turn about the origin on top of a shift leaves only the shift where the turn maps the set to itself: here, a mirror of
    samples that come in mirrored pairs.
    """
    x = draw(count, 512, spread, 1)
    stretched = 1e-6 * (np.square(x.mean(axis=0)).sum() + x.var(axis=0, ddof=1).sum())
    assert frechet_distance(x, 1.001 * x) == pytest.approx(stretched, rel=LIMIT)
    assert of_moments(x, 1.001 * x) == pytest.approx(stretched, rel=LIMIT)
    pairs = np.vstack([x, -x])
    assert frechet_distance(pairs, 0.01 - pairs[::-1]) == pytest.approx(512e-4, rel=LIMIT)


def test_the_limit_is_made_of_distances_as_exact():
    """Sub-samples fewer than features: the mean of those of 5/6, left out one after the other, against sixty digits."""
    x, y = draw(24, 16, 1e4, 1), draw(24, 16, 1e4, 2)
    order = np.random.default_rng(0)
    first, second = x[order.permutation(24)], y[order.permutation(24)]
    kept = [np.arange(24) % 6 != group for group in range(6)]
    exact = np.mean([sixty_digits(first[rows], second[rows]) for rows in kept])
    assert extrapolate(x, y).distances[1] == pytest.approx(exact, rel=LIMIT)


@pytest.mark.parametrize("alike", [False, True], ids=["of one kind", "nearly the same"])
def test_features_that_sum_to_one(alike):
    """One direction in which nothing varies but rounding, hidden in the others: shares, as of a classifier."""

    def shares(samples):
        return np.hstack([samples, 1 - samples.sum(axis=1, keepdims=True)])

    x = draw(40, 11, 1e3, 1)
    first, second = shares(x), shares(nearly(x) if alike else draw(40, 11, 1e3, 2))
    exact = sixty_digits(first, second)
    for name, way in WAYS.items():
        assert way(first, second) == pytest.approx(exact, rel=LIMIT), name
