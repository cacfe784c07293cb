"""How different generated pictures are from each other."""

import numpy as np
import pytest

from ganlib.metrics.diversity import diversity


def cloud(count, seed, dimension=8):
    return np.random.default_rng(seed).normal(size=(count, dimension))


def test_it_is_its_definition():
    """Mean distance of pairs, as a share of the same of the real ones."""
    fake, real = 0.5 * cloud(30, 1), cloud(40, 2)

    def mean(x):
        return np.mean([np.linalg.norm(a - b) for i, a in enumerate(x) for b in x[:i]])

    assert diversity(fake, real).value == pytest.approx(mean(fake) / mean(real), rel=1e-9)


def test_one_picture_again_and_again_has_none():
    """A generator that has collapsed to a point."""
    found = diversity(np.repeat(cloud(1, 1), 50, axis=0), cloud(50, 2))
    assert found.value == pytest.approx(0, abs=1e-6)


def test_it_falls_with_the_number_of_modes():
    """Points around 16, 4, 2 centres and 1, which lie equally far from each other."""
    centres = 5 * np.eye(16)
    found = [diversity(centres[np.arange(200) % modes] + 0.1 * cloud(200, 4, 16), centres).value for modes in (16, 4, 2, 1)]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.1 * found[0]


def test_the_error_says_how_much_it_varies():
    """Over 200 draws, the spread of the value is the mean error, to within a fifth (the spread itself is known to 5 %)."""
    found = [diversity(cloud(80, seed), cloud(80, 1000 + seed)) for seed in range(200)]
    spread, error = np.std([one.value for one in found]), np.mean([one.error for one in found])
    assert 0.8 < spread / error < 1.25
