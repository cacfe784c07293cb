"""Precision, recall, density and coverage against their definitions, one distance at a time."""

import numpy as np
import pytest

from ganlib.metrics.neighbours import CUTS, _sides, neighbour_scores
from ganlib.metrics.ranking import ranking


def draw(seed, count=60, dimension=6, shift=0.0):
    return np.random.default_rng(seed).normal(size=(count, dimension)) + shift


def scores(generated, real, neighbours=5, block=1024):
    return {found.name: found.value for found in neighbour_scores(generated, real, neighbours, block)}


def brute_force(fake, real, k):
    """The four sums as in the papers."""

    def distance(a, b):
        return float(np.linalg.norm(a - b))

    def radius(point, index, others):
        return sorted(distance(point, other) for j, other in enumerate(others) if j != index)[k - 1]

    real_radii = [radius(x, i, real) for i, x in enumerate(real)]
    fake_radii = [radius(x, i, fake) for i, x in enumerate(fake)]
    inside = [[distance(f, r) <= radius for r, radius in zip(real, real_radii, strict=True)] for f in fake]
    return {
        "precision": np.mean([any(row) for row in inside]),
        "recall": np.mean([any(distance(f, r) <= radius for f, radius in zip(fake, fake_radii, strict=True)) for r in real]),
        "density": np.sum(inside) / (k * len(fake)),
        "coverage": np.mean([any(column) for column in zip(*inside, strict=True)]),
    }


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("block", [1, 7, 1000])
def test_they_are_their_definitions_whatever_the_block(k, block):
    """On sets of different size that overlap in part."""
    fake, real = draw(1, 40, shift=0.5), draw(2, 55)
    assert scores(fake, real, k, block) == pytest.approx(brute_force(fake, real, k), rel=1e-12)


def test_they_are_blind_to_order():
    """Shuffled samples give the same scores."""
    fake, real = draw(1, 40, shift=0.5), draw(2, 55)
    assert scores(fake[::-1], real[::-1]) == pytest.approx(scores(fake, real), rel=1e-12)


def test_the_same_set_scores_one():
    """Every point lies in its own ball, and each ball holds k others and itself or more, so density is above one."""
    found = scores(draw(1), draw(1))
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)
    assert found["density"] > 1


def test_sets_far_apart_score_nothing():
    """No ball reaches the other set."""
    assert scores(draw(1), draw(2, shift=100)) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_a_few_memorised_pictures_drawn_again_and_again_lose_recall_and_coverage():
    """Perfect pictures without variety: precision stays one, recall falls to the share that was memorised, coverage by half."""
    real = draw(1, 200)
    found = scores(np.repeat(real[:10], 20, axis=0), real)
    assert found["precision"] == 1
    assert found["recall"] == pytest.approx(10 / 200)
    assert found["coverage"] < 0.5


def test_dropped_classes_lose_coverage():
    """Two of three clusters are drawn: the third is not covered."""
    real = np.vstack([draw(seed, 50, shift=20.0 * seed) for seed in range(3)])
    fake = np.vstack([draw(seed + 10, 75, shift=20.0 * seed) for seed in range(2)])
    found = scores(fake, real)
    assert found["precision"] > 0.9
    assert 0.5 < found["coverage"] <= 2 / 3


def test_twins_lie_on_each_other_in_spite_of_rounding():
    """A radius of zero holds the very same picture: the distance of equal features far from the origin is exactly zero."""
    real = np.repeat(draw(1, 20) + 1e3, 7, axis=0)
    assert scores(real[::7], real, neighbours=3)["precision"] == 1


def test_a_share_of_zero_or_one_has_an_error_too():
    """Sixty of sixty does not prove that the next one will do as well."""
    for found in neighbour_scores(draw(1), draw(2, shift=100)):
        assert found.error > 0 or found.name == "density"
    assert all(found.error > 0 for found in neighbour_scores(draw(1), draw(1)))


@pytest.mark.parametrize("block", [7, 1000])
@pytest.mark.parametrize("counts", [(60, 60), (41, 57)], ids=["even", "odd"])
def test_errors_are_those_of_halves_scored_by_themselves(block, counts):
    """The spread of both halves' scores, each set cut twenty times, by definition and with radii of their own: half of it is the
    variance of the whole. A share has no less than Wilson's."""
    fake, real = draw(1, counts[0], shift=0.5), draw(2, counts[1])
    dice = np.random.default_rng(0)
    sides = zip(*(_sides(count, dice)[1:].numpy() for count in counts), strict=True)
    halves = [[brute_force(fake[a == side], real[b == side], 3) for side in (False, True)] for a, b in sides]
    assert len(halves) == CUTS
    for found in neighbour_scores(fake, real, 3, block):
        variance = np.mean([np.square(one[found.name] - other[found.name]) / 4 for one, other in halves])
        n, p = counts[found.name in ("recall", "coverage")], found.value
        wilson = 0 if found.name == "density" else (p * (1 - p) / n + 1 / (4 * n * n)) ** 0.5 / (1 + 1 / n)
        assert found.error == pytest.approx(max(np.sqrt(variance), wilson), rel=1e-9)


def test_pictures_are_ranked_by_the_balls_they_lie_in_then_by_how_far_outside():
    """One in the middle of the real points, one at the edge, two far away, the further one last."""
    real = draw(1, count=80, dimension=2)
    generated = np.array([[30.0, 0.0], [0.0, 0.0], [9.0, 0.0], [2.0, 2.0]])
    assert ranking(generated, real) == [1, 3, 2, 0]
