"""Pictures in other colours than the others: casts, exchanged channels, shades of one hue go; rare hair and what is grey stay."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawing import encode
from numpy.random import Generator
from numpy.typing import NDArray
from test_checks import _raw, _verdicts, faces

from bench.defects import colours
from bench.defects.base import File
from ganlib.pictures import shelf
from ganlib.pictures.checks import hues as check
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.decode import Pixels, decode
from ganlib.pictures.duplicates import compared as pairwise
from ganlib.pictures.hues import exchanged, mosaics, rarely
from ganlib.pictures.measures import GREY, measure
from ganlib.pictures.raw import RawPicture
from ganlib.pictures.views import greyed
from tasks.curate import curate

FEW = 520  # hardly more than are needed
SPOILED = range(30, 35)
CONFIG = CurateConfig(size=16, ignore=("off-topic", "odd-layout"))


@pytest.fixture(scope="module")
def portraits() -> Pixels:
    """Drawn once."""
    return faces(FEW)


def spoiled(views: Pixels, make: Callable[[Pixels, Generator], File]) -> Pixels:
    """Some of the views, by one of the defects of the bench."""
    dice, changed = np.random.default_rng(0), views.copy()
    for place in SPOILED:
        changed[place] = decode(make(views[place], dice).data)
    return changed


def gone(judged: pd.DataFrame, reason: str) -> set[str]:
    """Those that go for it."""
    return set(judged.index[~judged["kept"] & (judged["reason"] == reason)])


def of_colours(judged: pd.DataFrame) -> set[str]:
    """Those that go for any of the checks of colours."""
    return set().union(*(gone(judged, reason) for reason in ("colour-cast", "one-hue", "exchanged-channels")))


NAMES = {f"{place}.png" for place in SPOILED}


class TestChecks:
    """On pictures, with nearly all other checks."""

    def test_those_in_a_wrong_light_go_and_no_others(self, tmp_path: Path, portraits: Pixels) -> None:
        judged = _verdicts(_raw(spoiled(portraits, colours.cast)), tmp_path / "out", CONFIG)
        found = gone(judged, "colour-cast")
        assert set(judged.index[~judged["kept"]]) == found <= NAMES
        assert len(found) >= 4
        assert (judged["score"][list(found)] > judged["threshold"][list(found)]).all()
        page = (tmp_path / "out" / "verdicts.html").read_text(encoding="utf-8")
        section = page[page.index('id="colour-cast"') :].split("<h2")[0]
        assert "Kept, but only just" in section

    def test_those_in_sepia_go_and_no_others(self, tmp_path: Path, portraits: Pixels) -> None:
        judged = _verdicts(_raw(spoiled(portraits, colours.sepia)), tmp_path / "out", CONFIG)
        assert set(judged.index[~judged["kept"]]) == gone(judged, "one-hue") == NAMES

    def test_where_some_are_nearly_of_one_hue_as_they_should_be_others_may_be(self, tmp_path: Path, portraits: Pixels) -> None:
        """One in fifteen drawn in red on white, but for a level here and there, as signs are; four in shades of red alone."""
        dice, views = np.random.default_rng(0), portraits.copy()
        views[40::15] = np.where(views[40::15].mean(3, keepdims=True) < 128, (200, 30, 30), 255)
        views[40::15] -= dice.integers(0, 3, views[40::15].shape, dtype=np.uint8)
        views[:4] = (views[:4] // 4)[..., :1] * np.array((4, 2, 1), np.uint8)
        assert gone(_verdicts(_raw(views), tmp_path / "out", CONFIG), "one-hue") == set()

    def test_those_whose_channels_were_exchanged_go_and_no_others(self, tmp_path: Path, portraits: Pixels) -> None:
        """Nor does hair of another colour go, though it covers half of a picture: blue, as red hair is when it is exchanged."""
        views = spoiled(portraits, colours.swapped)
        views[40, :32] = (40, 60, 200)
        judged = _verdicts(_raw(views), tmp_path / "out", CONFIG)
        assert set(judged.index[~judged["kept"]]) == gone(judged, "exchanged-channels") == NAMES

    def test_what_is_grey_or_differs_in_a_part_stays(self, tmp_path: Path, portraits: Pixels) -> None:
        """A grey picture has no wrong colours; hair that nobody else has, over a third of a face, is no cast."""
        views = portraits.copy()
        views[30] = greyed(views[30:31])[0]
        views[31, :22] = (20, 240, 60)
        judged = _verdicts(_raw(views), tmp_path / "out", CONFIG)
        assert judged["kept"].all()

    def test_what_more_than_one_in_a_hundred_are_is_a_kind(self, tmp_path: Path, portraits: Pixels) -> None:
        """Of each of three kinds seven: in lights that vary, in one hue or another, and with their channels exchanged."""
        dice, views = np.random.default_rng(0), portraits.copy()
        for place in range(0, 7):
            views[place] = decode(colours.cast(views[place], dice).data)
            views[20 + place] = (views[20 + place] // 4)[..., :1] * np.array([(4, 2, 1), (1, 2, 4), (2, 4, 1)][place % 3])
            views[40 + place] = views[40 + place][..., ::-1]
        judged = _verdicts(_raw(views), tmp_path / "out", CONFIG)
        assert of_colours(judged) == set()
        assert judged["kept"].sum() >= FEW - 2

    def test_few_pictures_say_nothing(self, tmp_path: Path, portraits: Pixels) -> None:
        """Under five hundred."""
        assert of_colours(_verdicts(_raw(spoiled(portraits[:400], colours.cast)), tmp_path / "out", CONFIG)) == set()

    @pytest.mark.parametrize("coloured", [250, 270])
    def test_where_most_are_grey_nothing_is_said_of_colours(
        self, tmp_path: Path, portraits: Pixels, monkeypatch: pytest.MonkeyPatch, coloured: int
    ) -> None:
        """There whatever has one would be odd; though they were enough by themselves."""
        monkeypatch.setattr(check, "_FEWEST", 200)
        views = spoiled(portraits, colours.cast)
        views[coloured:] = greyed(views[coloured:])
        judged = _verdicts(_raw(views), tmp_path / "out", CONFIG)
        assert bool(of_colours(judged)) == (coloured > FEW / 2)

    def test_where_everything_has_its_own_colours_none_are_odd(self, tmp_path: Path) -> None:
        """Patches of random bright colours: nearly all hues are rare, and many would look less odd with channels exchanged."""
        patches = np.random.default_rng(0).integers(0, 2, (FEW, 4, 4, 3), dtype=np.uint8) * 255
        patches[..., 0] = np.random.default_rng(1).integers(0, 256, (FEW, 4, 4))
        judged = _verdicts(_raw(patches.repeat(16, 1).repeat(16, 2)), tmp_path / "out", CONFIG)
        assert of_colours(judged) == set()

    @pytest.mark.parametrize("square", [False, True])
    def test_bars_that_make_a_picture_square_are_no_colours_of_it(self, tmp_path: Path, portraits: Pixels, square: bool) -> None:
        """A wide one; it would go if its bars had been its own."""
        wide = portraits[0, 20:44] // 2
        if square:
            wide = np.pad(wide, ((20, 20), (0, 0), (0, 0)))
            wide[:20] = wide[44:] = (255, 0, 255)
        knobs = {"fit": "pad", "background": "#ff00ff", "ignore": ("off-topic", "odd-layout", "near-duplicate", "not-upright")}
        pictures = [*_raw(portraits[1:]), RawPicture("wide.png", encode(np.ascontiguousarray(wide)))]
        judged = _verdicts(pictures, tmp_path / "out", CurateConfig(size=16, **knobs))  # type: ignore[arg-type]
        assert of_colours(judged) == ({"wide.png"} if square else set())


class TestHues:
    """Hues alone."""

    def test_the_share_of_light_in_places_where_others_have_no_such_hue(self) -> None:
        """A red half among blue ones: half of its parts, weighed by how bright they are."""
        known = np.tile(np.array([0, 0, 200], np.uint8), (600, 8, 8, 1))
        known[0, :4] = (100, 0, 0)
        assert rarely(known)[0] == pytest.approx(100 / (100 + 200))
        assert rarely(known)[1:].max() == 0

    def test_what_was_exchanged_is_told_by_what_is_rarer(self) -> None:
        """One in blue among hundreds in red, half of whose light is grey: one in a hundred others, who are as good as all,
        against none, over half of its light; the others' would be those of one."""
        known = np.tile(np.array([200, 10, 10], np.uint8), (600, 8, 8, 1))
        known[:, 4:] = (73, 74, 73)
        known[0, :4] = (10, 10, 200)
        found = exchanged(known)
        assert found[0] == pytest.approx(0.5, rel=1e-3)
        assert found[1:] == pytest.approx((np.log(2) / np.log1p(5.99) - 1) / 2, rel=1e-3)

    def test_of_two_usual_hues_neither_is_exchanged(self) -> None:
        """A few sunsets among many blue skies."""
        skies = np.tile(np.array([60, 120, 220], np.uint8), (600, 8, 8, 1))
        skies[:20] = (220, 120, 60)
        assert exchanged(skies) == pytest.approx(0)

    def test_grey_ones_look_neither_way(self) -> None:
        greys = np.random.default_rng(0).integers(0, 256, (600, 8, 8, 1)).astype(np.uint8).repeat(3, 3)
        assert exchanged(greys) == pytest.approx(0)

    def test_more_or_less_light_is_no_other_hue(self) -> None:
        known = np.tile(np.array([200, 150, 120], np.uint8), (600, 8, 8, 1))
        known[0] = known[0] * 0.7
        assert rarely(known)[0] == 0

    def test_what_is_nearly_black_has_no_hue(self) -> None:
        """The same in grey, but for a few levels."""
        known = np.full((600, 8, 8, 3), 2, np.uint8)
        known[0] = (6, 0, 0)
        assert rarely(known)[0] == 0

    def test_where_all_is_black_there_is_nothing_to_say(self) -> None:
        assert not rarely(np.zeros((600, 8, 8, 3), np.uint8)).any()

    def test_the_extremes_of_colour_have_a_place(self) -> None:
        """All corners of the cube, of which each is shared by an eighth."""
        corners = np.array([(r, g, b) for r in (0, 255) for g in (0, 255) for b in (0, 255)], np.uint8)
        assert not rarely(np.broadcast_to(np.tile(corners, (75, 1))[:, None, None], (600, 8, 8, 3))).any()

    def test_a_mosaic_has_the_mean_colours_of_its_parts(self) -> None:
        views = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
        means = views.reshape(3, 8, 8, 8, 8, 3).mean((2, 4))
        assert np.abs(mosaics(views) - means).max() <= 0.5 + 1e-9


class TestMeasures:
    """What is measured of the colours of one picture."""

    def test_hues_are_the_deviation_beside_the_main_axis(self) -> None:
        """Of colours drawn in a plane: 30 levels along one direction, 8 along another at right angles."""
        dice = np.random.default_rng(0)
        along, across = dice.normal(0, 30, (64, 64, 1)), dice.normal(0, 8, (64, 64, 1))
        view = 128 + along * np.array([1, 1, 1]) / 3**0.5 + across * np.array([1, -1, 0]) / 2**0.5
        found = measure(np.clip(np.rint(view), 0, 249).astype(np.uint8)[None])["hues"][0]
        assert found == pytest.approx(8, abs=3 * 8 / (2 * 32 * 32) ** 0.5 + 0.1)  # 3 standard errors of a deviation, and rounding

    def test_shades_of_one_hue_have_none_even_where_they_are_clipped(self) -> None:
        shades = np.linspace(0, 1.4, 64 * 64).reshape(1, 64, 64, 1) * np.array([255, 220, 180])
        found = measure(np.clip(np.rint(shades), 0, 255).astype(np.uint8))
        assert found["hues"][0] < 0.5
        assert found["tint"][0] >= 70

    def test_where_nearly_all_is_clipped_all_counts(self) -> None:
        view = np.full((1, 64, 64, 3), 255, np.uint8)
        view[:, ::4, :, 2] = 0
        view[:, :, ::8, 1] = 0
        assert measure(view)["hues"][0] > 10

    def test_grey_is_what_has_hardly_any_tint(self) -> None:
        grey = np.random.default_rng(0).integers(0, 248, (64, 64, 1)) + np.array([0, 4, 7])
        pixel, spot = grey.copy(), grey.copy()
        pixel[3, 3] = spot[:3] = (60, 60, 20)
        found = measure(np.stack([grey, pixel, spot]).astype(np.uint8))["tint"]
        assert found[0] == 7
        assert found[1] <= GREY < found[2] == 40


class TestCopiesInGrey:
    """The same picture once more, without its colours."""

    def test_they_go_for_the_coloured_one_whatever_else_happened_to_them(self, tmp_path: Path, portraits: Pixels) -> None:
        """Also mirrored, and larger; a grey picture that is no copy stays, and so does one that a person wants."""
        views = portraits[:200]
        shades = greyed(views[:6])
        large = np.repeat(np.repeat(shades[2], 2, 0), 2, 1)
        copies = {"same": shades[0], "mirrored": shades[1][:, ::-1], "large": large, "kept": shades[3]}
        pictures = [
            *_raw(views[:190]),
            *(RawPicture(f"{name}.png", encode(np.ascontiguousarray(view))) for name, view in copies.items()),
            RawPicture("other.png", encode(greyed(views[190:191])[0])),
        ]
        overrides = tmp_path / "overrides.csv"
        overrides.write_text("path,verdict,why\nkept.png,keep,mine\n", encoding="utf-8")
        judged = _verdicts(pictures, tmp_path / "out", CONFIG, overrides)
        assert gone(judged, "grey-copy") == {"same.png", "mirrored.png", "large.png"}
        twins = [judged["twin_of"][f"{name}.png"] for name in ("same", "mirrored", "large")]
        assert twins == ["0.png", "1.png", "2.png"]
        assert judged["kept"][["0.png", "1.png", "2.png", "kept.png", "other.png"]].all()

    def test_where_most_are_grey_none_is_a_copy_for_its_colours(self, tmp_path: Path, portraits: Pixels) -> None:
        """There the coloured ones are the odd ones."""
        views = np.concatenate([greyed(portraits[:60]), portraits[:20]])
        assert gone(_verdicts(_raw(views), tmp_path / "out", CONFIG), "grey-copy") == set()

    def test_what_is_there_in_two_colours_may_be_there_in_grey(self, tmp_path: Path, portraits: Pixels) -> None:
        """Shirts, as bright in red as in blue: one in grey is a third one. Of those that are there in red alone it is a copy."""
        dice = np.random.default_rng(0)
        shapes = dice.integers(0, 2, (60, 8, 8, 1)).repeat(8, 1).repeat(8, 2)
        alike = ((200, 60, 60), (60, 114, 190), (102, 102, 102))
        red, blue, grey = (np.where(shapes, colour, 255).astype(np.uint8) for colour in alike)
        shown = {"red": red, "blue": blue[:30], "grey": grey[20:40]}
        named = ((f"{name}-{place}.png", view) for name, some in shown.items() for place, view in enumerate(some))
        pictures = [RawPicture(name, encode(view)) for name, view in named]
        judged = _verdicts(pictures, tmp_path / "out", CONFIG)
        assert gone(judged, "grey-copy") == {f"grey-{place}.png" for place in range(10, 20)}  # those of shapes 30 to 39
        assert judged["kept"].sum() == len(pictures) - 10

    def test_of_one_and_its_tints_the_grey_one_stays_where_they_go(self, tmp_path: Path, portraits: Pixels) -> None:
        """As many as there are turns of all checks, and more."""
        grey = greyed(portraits[:1])[0]
        tints = ((1, 0.85, 0.65), (1, 0.9, 0.75), (0.8, 1, 0.75), (0.75, 0.9, 1))
        pictures = [*_raw(portraits[1:]), RawPicture("grey.png", encode(grey))]
        pictures += [RawPicture(f"t{place}.png", encode((grey * tint).astype(np.uint8))) for place, tint in enumerate(tints)]
        judged = _verdicts(pictures, tmp_path / "out", CONFIG)
        assert judged["kept"]["grey.png"]
        assert not judged["kept"]["t0.png"]

    def test_bars_do_not_give_colours_to_what_is_grey(self, tmp_path: Path, portraits: Pixels) -> None:
        """With `fit: pad`, of a wide portrait."""
        wide = portraits[:60, 12:52]
        pictures = [*_raw(wide), RawPicture("grey.png", encode(np.ascontiguousarray(greyed(wide[:1])[0])))]
        config = CurateConfig(size=16, fit="pad", background="#f4e0ba", ignore=("near-duplicate",))
        judged = _verdicts(pictures, tmp_path / "out", config)
        assert judged["twin_of"]["grey.png"] == "0.png"

    def test_what_is_known_of_other_copies_is_kept(
        self, tmp_path: Path, portraits: Pixels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another night compares nothing anew."""
        monkeypatch.setattr(shelf, "_FEW", 50)
        pictures = [*_raw(portraits[:100]), RawPicture("grey.png", encode(greyed(portraits[:1])[0]))]
        compared, compare = [0], pairwise.COMPARED["left"]

        def counted(pair: tuple[Pixels, Pixels]) -> NDArray[np.float32]:
            compared[-1] += len(pair[0])
            return compare(pair)

        monkeypatch.setitem(pairwise.COMPARED, "left", counted)
        for night in range(2):
            curate(CONFIG, iter(pictures), len(pictures), tmp_path / f"out{night}", memory=tmp_path / "memory")
            compared.append(0)
        assert compared[0] > 0 == compared[1]

    def test_a_coloured_one_that_is_refused_takes_no_copy_along(self, tmp_path: Path, portraits: Pixels) -> None:
        """The coloured original is noisy: it goes, and its grey copy stays."""
        views = portraits[:60].copy()
        noise = np.random.default_rng(0).normal(0, 9, views[0].shape)
        views[0] = np.clip(views[0] + noise, 0, 255).astype(np.uint8)
        pictures = [*_raw(views), RawPicture("grey.png", encode(greyed(portraits[:1])[0]))]
        judged = _verdicts(pictures, tmp_path / "out", CONFIG)
        assert judged["reason"]["0.png"] == "noisy"
        assert judged["kept"]["grey.png"]
