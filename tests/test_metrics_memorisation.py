"""Copies of training pictures: found where they are planted, not found where they are not."""

import numpy as np
import pytest
from drawing import portraits
from scipy import stats

from ganlib.metrics.memorisation import fisher, looks, memorisation, nearness


def patches(count, seed, size=16):
    """Pictures of four by four patches of any colour."""
    small = np.random.default_rng(seed).integers(40, 216, (count, 4, 4, 3), np.uint8)
    return small.repeat(size // 4, axis=1).repeat(size // 4, axis=2)


def noisy(pictures, level, seed=9):
    return (pictures + np.random.default_rng(seed).normal(0, level, pictures.shape)).round().clip(0, 255).astype(np.uint8)


def planted(count, copies, train, seed=3, level=4.0):
    """Pictures the first of which are training pictures with some grain."""
    pictures = patches(count, seed)
    pictures[:copies] = noisy(train[:copies], level)
    return pictures


TRAIN, HELDOUT = patches(1000, 1), patches(500, 2)


class TestCopies:
    def test_one_per_cent_of_copies_is_found_to_the_last_one(self):
        """10 of 1,000 are copies with a grain: these are named, no others, and chance would hardly do it."""
        found = memorisation(planted(1000, 10, TRAIN), patches(1000, 2), TRAIN)
        assert sorted(found.copies) == list(range(10))
        assert [found.of.nearest[row][0] for row in range(10)] == list(range(10))
        measured = found.measurement()
        assert measured.value == pytest.approx(0.01)
        assert measured.p < 1e-3
        assert measured.value > 2 * measured.error

    def test_none_are_found_where_there_are_none(self):
        """Eight sets without copies: the share is nothing but chance, and no p-value is small, Bonferroni's way."""
        for seed in range(8):
            measured = memorisation(patches(200, 100 + seed), HELDOUT[:200], TRAIN[:500]).measurement()
            assert abs(measured.value) <= 3 * measured.error
            assert measured.p > 0.05 / 8

    def test_mirrored_ones_are_copies_too(self):
        """A generator that was shown mirrored pictures draws them."""
        generated = patches(500, 3)
        generated[:7] = TRAIN[:7, :, ::-1]
        assert sorted(memorisation(generated, HELDOUT, TRAIN).copies) == list(range(7))

    def test_copies_are_worth_no_more_than_those_that_held_out_pictures_show(self):
        """Where held-out pictures have as many near twins in training, so may generated ones."""
        assert memorisation(planted(500, 20, TRAIN), planted(500, 20, TRAIN, seed=7), TRAIN).measurement().p > 0.05

    @pytest.mark.parametrize("twins", [3, 15, 40])
    def test_twins_among_the_held_out_pictures_hide_no_copies(self, twins):
        """Up to 8 % of 500 are in training, too: all of 100 copies are found, and what exceeds the twins' share is told."""
        found = memorisation(planted(500, 100, TRAIN), planted(500, twins, TRAIN, seed=7), TRAIN)
        assert sorted(found.copies) == list(range(100))
        assert found.measurement().value == pytest.approx(0.2 - twins / 500)
        assert found.measurement().p < 1e-3

    def test_one_patch_of_another_colour_makes_another_picture(self):
        """Fifteen of sixteen patches alike: no copy, for somewhere it differs much."""
        generated = patches(500, 3)
        generated[:20] = TRAIN[:20]
        patch = generated[:20, :4, :4]
        generated[:20, :4, :4] = np.where(patch < 128, patch + 100, patch - 100)
        assert len(memorisation(generated, HELDOUT, TRAIN).copies) == 0

    def test_a_generator_that_prefers_a_crowded_place_copies_nothing(self):
        """Half of the training pictures are variants of one picture; drawing only such ones, never the same, is no copying."""
        one = patches(1, 5).astype(int)

        def variants(count, seed):
            return (one + np.random.default_rng(seed).integers(-30, 31, (count, 4, 4, 3)).repeat(4, 1).repeat(4, 2)).astype(
                np.uint8
            )

        train = np.concatenate([TRAIN[:500], variants(500, 6)])
        heldout = np.concatenate([HELDOUT[:250], variants(250, 7)])
        assert memorisation(variants(500, 8), heldout, train).measurement().p > 0.05

    def test_a_set_with_nothing_held_out_is_its_own_yardstick(self):
        """Each real picture is compared with the others, so that it does not count as a copy of itself."""
        found = memorisation(planted(1000, 10, TRAIN), TRAIN, TRAIN, heldout_rows=np.arange(1000))
        assert sorted(found.copies) == list(range(10))
        assert found.yardstick.ratios.min() > 0

    def test_exact_copies_are_found_even_where_the_data_are_full_of_twins(self):
        """A threshold of nothing still takes equal ones for copies, on both sides."""
        train = np.concatenate([TRAIN[:500], TRAIN[:500]])
        found = memorisation(train[:200], train, train, heldout_rows=np.arange(1000))
        assert found.threshold == 0
        assert len(found.copies) == 200
        assert found.measurement().value == pytest.approx(0)


def test_ratios_are_their_definition():
    """The greatest difference of a square, least over the 50 nearest and their mirrored ways, over its median among them."""
    points, train = looks(patches(40, 5, 32)), looks(patches(120, 6, 32))
    assert points.shape == (40, 3, 16, 16)
    found = nearness(points, train)
    for row, point in enumerate(points.double()):
        ways = []
        for way in (point, point.flip(2)):
            squares = ((train.double() - way) ** 2).sum(dim=(1, 2, 3))
            worst = (train - way).abs().amax(dim=(1, 2, 3))[squares.argsort()[:50]].sort().values
            ways.append(float(worst[0] / worst[24]))  # torch's median of an even number is the lower one
        assert found.ratios[row] == pytest.approx(min(ways), rel=1e-5)


@pytest.mark.parametrize("table", [(0, 10, 0, 10), (5, 100, 0, 100), (3, 50, 4, 200), (10, 10, 0, 10), (0, 20, 7, 30)])
def test_the_p_value_is_fishers(table):
    """One-sided, as scipy has it."""
    hits, number, others, size = table
    expected = stats.fisher_exact([[hits, number - hits], [others, size - others]], alternative="greater").pvalue
    assert fisher(*table) == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_copied_portraits_are_found_at_one_per_cent_and_not_at_none():
    """With the grain that a generator might add: the eight copies of 800, and nothing else."""
    pictures = portraits(3600, 32)
    train, heldout, fresh = pictures[:2000], pictures[2000:2800], pictures[2800:]
    copying = np.concatenate([noisy(train[:8], 4), fresh[8:]])
    found = memorisation(copying, heldout, train)
    assert sorted(found.copies) == list(range(8))
    assert found.measurement().p < 0.05
    assert len(memorisation(fresh, heldout, train).copies) == 0
