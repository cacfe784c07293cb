"""All scores together: names, floors, damage that makes them worse, the cache, and what is refused."""

import dataclasses
import re
from itertools import pairwise

import numpy as np
import pytest

from ganlib.errors import AtelierError
from ganlib.metrics import cache
from ganlib.metrics import evaluate as evaluation
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.evaluate import evaluate, examine
from ganlib.metrics.fingerprint import compare, from_json, to_json
from ganlib.metrics.inputs import Real, read_pictures
from ganlib.metrics.plots import write_plots
from ganlib.sampling.png import write_png

CONFIG = EvaluateConfig("pixels", size=4)


def shapes(count, seed, size=16):
    """A small world: a coloured disc of one of three colours somewhere on a light ground."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    centre, radius = rng.uniform(4, 12, (2, count, 1, 1)), rng.uniform(2, 6, (count, 1, 1))
    disc = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2
    colours = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]], np.uint8)[rng.integers(3, size=count)]
    pictures = np.where(disc[..., None], colours[:, None, None], 230).astype(float) + rng.normal(0, 5, (count, size, size, 3))
    return pictures.clip(0, 255).astype(np.uint8)


def blur(pictures, times):
    """The mean of each pixel and its four neighbours, again and again."""
    x = pictures.astype(float)
    for _ in range(times):
        x = (x + sum(np.roll(x, step, axis) for axis in (1, 2) for step in (1, -1))) / 5
    return x.round().astype(np.uint8)


def noise(pictures, level):
    return (pictures + np.random.default_rng(0).normal(0, level, pictures.shape)).clip(0, 255).astype(np.uint8)


def drop(pictures, colours):
    """Only pictures whose disc is of the first so many colours, each as often as needed to fill the number."""
    kept = pictures[
        np.argsort([-int(picture.reshape(-1, 3).min(axis=0).argmax() < colours) for picture in pictures], kind="stable")
    ]
    count = sum(picture.reshape(-1, 3).min(axis=0).argmax() < colours for picture in pictures)
    return kept[np.arange(len(pictures)) % count]


def scores(generated, config=CONFIG, **named):
    return {score.name: score for score in evaluate(generated, shapes(200, 1), shapes(200, 2), config, **named)}


@pytest.fixture(scope="module")
def good():
    return scores(shapes(200, 3))


class TestScores:
    def test_every_score_has_its_name_count_error_and_floor(self, good):
        """Distances name their extractor; the Fréchet distance comes first; all are of as many pictures."""
        assert list(good) == [
            "fd_pixels",
            "fd_pixels_infinity",
            "kid_pixels",
            "precision",
            "recall",
            "density",
            "coverage",
            "diversity",
        ]
        for score in good.values():
            assert score.n == 200
            assert score.error > 0
            assert score.fingerprint.extractor == "pixels"

    def test_pictures_of_the_same_kind_score_as_the_floor(self, good):
        """Generated pictures from the very world of the real ones: within 4 errors of what real ones score in their place."""
        for score in good.values():
            assert abs(score.value - score.floor) < 4 * np.sqrt(2) * score.error

    @pytest.mark.parametrize(
        "damaged",
        [
            [blur(shapes(200, 3), times) for times in (0, 1, 2, 4)],
            [noise(shapes(200, 3), level) for level in (0, 40, 80, 120)],
            [drop(shapes(200, 3), colours) for colours in (3, 2, 1)],
        ],
        ids=["blur", "noise", "dropped colours"],
    )
    def test_distances_grow_with_every_step_of_damage(self, damaged):
        """Strictly, from one level to the next, for each of the three."""
        found = [scores(pictures) for pictures in damaged]
        for name in ("fd_pixels", "fd_pixels_infinity", "kid_pixels"):
            values = [level[name].value for level in found]
            assert all(low < high for low, high in pairwise(values))

    def test_memorised_pictures_lose_recall_and_coverage(self, good):
        """Eight real pictures, each drawn 25 times: each of them is perfect, and what is missing shows in these two."""
        memorised = scores(np.repeat(shapes(200, 2)[:8], 25, axis=0))
        assert memorised["recall"].value < 0.2 < good["recall"].value
        assert memorised["coverage"].value < 0.5 * good["coverage"].value

    @pytest.mark.parametrize("copies", [200, 199])
    def test_a_collapsed_generator_scores_badly_and_breaks_nothing(self, good, copies):
        """One picture over and over (and perhaps one other): all scores are numbers, far from the floor."""
        pictures = shapes(200, 3)
        pictures[:copies] = pictures[0]
        found = scores(pictures)
        assert all(np.isfinite([score.value, score.error]).all() for score in found.values())
        assert found["fd_pixels"].value > 5 * good["fd_pixels"].value
        assert found["coverage"].value < 0.1

    def test_the_order_of_the_pictures_does_not_matter(self, good):
        """But for the sub-samples of the limit and of the errors, which are drawn anew: within one error."""
        other = scores(shapes(200, 3)[::-1])
        for name, score in other.items():
            slack = score.error if name == "fd_pixels_infinity" else 1e-9 * abs(score.value)
            assert abs(score.value - good[name].value) <= slack

    def test_the_smallest_set_and_the_knob_bound_the_number(self):
        """The floor is measured at the same number, whatever more there is."""
        found = evaluate(shapes(90, 3), shapes(120, 1), shapes(70, 2), CONFIG)
        assert {score.n for score in found} == {70}
        found = evaluate(shapes(90, 3), shapes(120, 1), shapes(70, 2), dataclasses.replace(CONFIG, number=40))
        assert {score.n for score in found} == {40}
        assert (found[0].fingerprint.generated, found[0].fingerprint.reference) == (40, 40)

    def test_the_same_seed_gives_the_same_scores(self):
        """To the last bit, in numbers and in plots."""
        config = dataclasses.replace(CONFIG, number=60)
        assert to_json(list(scores(shapes(99, 3), config).values())) == to_json(list(scores(shapes(99, 3), config).values()))

    def test_only_the_official_inception_is_called_fid(self):
        """The extractor stands in the name of every distance but the official ones."""
        names = [evaluation._name(metric, "inception") for metric in ("fd", "fd_infinity", "kid", "recall")]
        assert names == ["fid", "fid_infinity", "kid", "recall"]
        assert [evaluation._name(metric, "lite0") for metric in ("fd", "kid")] == ["fd_lite0", "kid_lite0"]

    def test_lite0_tells_noise_from_pictures(self):
        """The default extractor, end to end on a few pictures: far above its floor."""
        config = EvaluateConfig(number=40)
        found = evaluate(noise(shapes(40, 3), 60), shapes(40, 1), shapes(40, 2), config)
        assert found[0].name == "fd_lite0"
        assert found[0].value > 2 * found[0].floor


class TestRefusals:
    @pytest.mark.parametrize(
        ("generated", "message"),
        [
            (shapes(19, 3), r"generated pictures: at least 20 are needed, found 19"),
            (shapes(30, 3, size=8), r"generated pictures: expected .* 16 × 16 × 3, found 8 × 8 × 3"),
            (shapes(30, 3)[..., :1], r"generated pictures: expected .* 16 × 16 × 3, found 16 × 16 × 1"),
            (shapes(30, 3)[..., :2], r"generated pictures: expected \[N, H, W, C\] with C 1 or 3, found \[30, 16, 16, 2\]"),
            (
                np.full((30, 16, 16, 3), np.nan),
                r"generated pictures: expected levels .* uint8, found float64, 23040 of its numbers NaN",
            ),
            (shapes(30, 3) / 255, r"generated pictures: expected levels .* uint8, found float64"),
        ],
        ids=["too few", "size", "channels", "two channels", "NaN", "float"],
    )
    def test_what_cannot_be_scored_is_refused_in_a_sentence(self, generated, message):
        """What was expected, what was found."""
        with pytest.raises(AtelierError, match=message):
            scores(generated)

    @pytest.mark.parametrize(("number", "neighbours", "least"), [(3, 5, 20), (19, 5, 20), (20, 20, 42)])
    def test_a_number_that_makes_no_scores_is_refused(self, number, neighbours, least):
        """However many pictures there are to choose from."""
        config = dataclasses.replace(CONFIG, number=number, neighbours=neighbours)
        with pytest.raises(AtelierError, match=rf"evaluate\.number must be at least {least} .* \(got {number}\)"):
            scores(shapes(200, 3), config)

    def test_pictures_too_small_for_the_network_are_refused(self):
        """lite0 halves them five times."""
        with pytest.raises(AtelierError, match=r"evaluate\.size must be at least 32 for lite0"):
            scores(shapes(40, 3), EvaluateConfig(size=24))

    def test_more_neighbours_need_more_pictures(self):
        """The error names the number."""
        with pytest.raises(AtelierError, match=r"floor pictures: at least 42 are needed, found 41"):
            evaluate(shapes(50, 3), shapes(50, 1), shapes(41, 2), dataclasses.replace(CONFIG, neighbours=20))


class TestFingerprints:
    def test_scores_made_alike_are_compared(self, good):
        """A lower distance and a higher coverage are gains; they are clear when larger than the error of the measurement."""
        bad = scores(noise(shapes(200, 3), 80))
        for name in ("fd_pixels", "kid_pixels", "coverage"):
            better, worse = compare(good[name], bad[name]), compare(bad[name], good[name])
            assert better.clear
            assert better.gain == -worse.gain == pytest.approx(abs(good[name].value - bad[name].value))
            assert not worse.clear
        assert not compare(good["recall"], good["recall"]).clear

    @pytest.mark.parametrize(
        ("other", "differing"),
        [
            ({"neighbours": 3}, "neighbours"),
            ({"seed": 1}, "seed"),
            ({"size": 3}, "size"),
            ({"number": 60}, "generated.*reference.*digest"),
        ],
    )
    def test_scores_made_otherwise_are_refused_by_what_differs(self, good, other, differing):
        """The error names the fields."""
        with pytest.raises(AtelierError, match=differing):
            compare(good["recall"], scores(shapes(200, 3), dataclasses.replace(CONFIG, **other))["recall"])

    def test_scores_against_other_pictures_are_refused(self, good):
        """The digest of the reference is part of the fingerprint, and so is the name of its split."""
        other = {score.name: score for score in evaluate(shapes(200, 3), shapes(200, 7), shapes(200, 2), CONFIG, split="test")}
        with pytest.raises(AtelierError, match=r"reference_digest.*split \(heldout and test\)"):
            compare(good["recall"], other["recall"])

    def test_different_scores_are_refused(self, good):
        """Precision is not compared with recall."""
        with pytest.raises(AtelierError, match="precision and recall"):
            compare(good["precision"], good["recall"])

    def test_json_keeps_six_digits_and_comes_back(self, good):
        """What `dvc metrics` shows is what a later evaluation compares with."""
        content = to_json(list(good.values()))
        assert list(content) == [*good, "fingerprint"]
        back = from_json(content)
        assert list(back) == list(good)
        for name, score in back.items():
            assert score.value == pytest.approx(good[name].value, rel=5e-6)
            assert score.fingerprint == good[name].fingerprint
            assert len(f"{score.value:.15g}".lstrip("-0.").replace(".", "")) <= 6

    def test_json_that_is_none_of_scores_is_refused(self):
        """With the file's name, and what to do."""
        with pytest.raises(AtelierError, match=r"old.json: expected scores .* Evaluate again"):
            from_json({"fd": 3.0}, "old.json")


class TestCache:
    def test_real_pictures_go_through_the_network_once(self, tmp_path, monkeypatch):
        """A second evaluation extracts the generated pictures only, and finds the same."""
        seen = []
        extract = cache.extract
        monkeypatch.setattr(
            cache, "extract", lambda pictures, extractor, kind: seen.append(kind) or extract(pictures, extractor, kind)
        )
        first = scores(shapes(200, 3), cache=tmp_path)
        assert seen == ["generated", "reference", "floor"]
        assert scores(shapes(200, 3), cache=tmp_path) == first
        assert seen[3:] == ["generated"]

    def test_a_damaged_file_is_made_again(self, tmp_path):
        """One flipped bit, or half of a file, is noticed."""
        first = scores(shapes(200, 3), cache=tmp_path)
        whole, half = sorted(tmp_path.glob("*.npy"))
        data = bytearray(whole.read_bytes())
        data[-1] ^= 1
        whole.write_bytes(data)
        half.write_bytes(half.read_bytes()[:1000])
        assert scores(shapes(200, 3), cache=tmp_path) == first
        assert len(list(tmp_path.glob("*.npy"))) == 2

    def test_other_pictures_and_another_extractor_have_their_own(self, tmp_path):
        """Nothing is served for what it was not made from."""
        first = scores(shapes(200, 3), cache=tmp_path)
        smaller = scores(shapes(200, 3), dataclasses.replace(CONFIG, size=3), cache=tmp_path)
        assert smaller == scores(shapes(200, 3), dataclasses.replace(CONFIG, size=3))
        assert smaller["fd_pixels"] != first["fd_pixels"]

    def test_the_oldest_files_go(self, tmp_path, monkeypatch):
        """The folder does not grow for ever."""
        monkeypatch.setattr(cache, "KEPT", 3)
        for number in (50, 60, 70):
            scores(shapes(200, 3), dataclasses.replace(CONFIG, number=number), cache=tmp_path)
        assert len(list(tmp_path.glob("*.npy"))) == 3


def test_plots_are_the_same_bytes_for_the_same_evaluation(tmp_path):
    """Two pictures, without a date or a version in them."""
    for folder in ("a", "b"):
        write_plots(examine(shapes(60, 3), Real(shapes(60, 1), shapes(60, 2), "heldout"), CONFIG), tmp_path / folder)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["frechet.png", "neighbours.png"]
    for name in names:
        data = (tmp_path / "a" / name).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert b"Software" not in data
        assert data == (tmp_path / "b" / name).read_bytes()


def test_files_that_do_not_decode_are_counted_and_others_taken_in_their_place(tmp_path, capsys):
    """Of 30 good ones and 30 that are none, 25 are asked for: 25 come, in the order of their names."""
    for place, picture in enumerate(shapes(30, 3)):
        write_png(tmp_path / f"{place:02d}.png", picture)
        (tmp_path / f"{place:02d}-broken.png").write_bytes((tmp_path / f"{place:02d}.png").read_bytes()[:60])
    found = read_pictures(tmp_path, 25, 0)
    assert len(found) == 25
    places = [next(row for row, picture in enumerate(shapes(30, 3)) if np.array_equal(picture, one)) for one in found]
    assert places == sorted(places)
    left, asked = map(int, re.search(r"(\d+) of (\d+) files are left out", capsys.readouterr().err).groups())
    assert asked - left == 25
    assert len(read_pictures(tmp_path, 100, 0)) == 30
    assert "30 of 60 files are left out" in capsys.readouterr().err
