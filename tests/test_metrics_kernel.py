"""The kernel distance against a double loop, and its error against repeated draws."""

import numpy as np
import pytest

from ganlib.metrics.kernel import kernel_distance


def draw(seed, count=60, dimension=8, shift=0.0):
    return np.random.default_rng(seed).normal(size=(count, dimension)) + shift


def double_loop(x, y):
    """The unbiased estimate, written as in Gretton et al. 2012, equation 3."""

    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    across = sum(k(a, b) for a in x for b in y) / (n * m)
    return within_x + within_y - 2 * across


@pytest.mark.parametrize("block", [1, 5, 1000])
def test_it_is_the_double_loop_whatever_the_block(block):
    """All pairs but those of a sample with itself, however many rows are held at a time."""
    x, y = draw(1, 13), draw(2, 17, shift=0.3)
    assert kernel_distance(x, y, block).value == pytest.approx(double_loop(x, y), rel=1e-9)


def test_it_is_symmetric_and_blind_to_order():
    """Swapped sets and shuffled samples give the same value and error."""
    x, y = draw(1, 13), draw(2, 17, shift=0.3)
    found, other = kernel_distance(x, y), kernel_distance(y[::-1], x)
    assert (found.value, found.error) == pytest.approx((other.value, other.error), rel=1e-9)


def test_it_is_unbiased():
    """Over 60 pairs of sets of one kind the mean is zero to 4 standard errors, and some values lie below zero."""
    values = np.array([kernel_distance(draw(2 * seed), draw(2 * seed + 1)).value for seed in range(60)])
    assert abs(values.mean()) < 4 * values.std(ddof=1) / np.sqrt(60)
    assert values.min() < 0


@pytest.mark.parametrize(("shift", "lowest", "highest"), [(1.0, 0.72, 1.28), (0.0, 1.0, 1.8)], ids=["apart", "alike"])
def test_the_error_is_that_of_repeated_draws(shift, lowest, highest):
    """Mean stated error over the true spread of 60 draws, known to 1/sqrt(118) = 9 %; 3 of those are allowed.

    Where both sets are alike only the second order is left; there the error is sqrt(2) too large, never too small.
    """
    found = [kernel_distance(draw(2 * seed), draw(2 * seed + 1, shift=shift)) for seed in range(60)]
    ratio = np.mean([f.error for f in found]) / np.std([f.value for f in found], ddof=1)
    assert lowest < ratio < highest
