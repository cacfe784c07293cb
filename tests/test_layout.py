"""Pictures that are laid out unlike the others: what is cut off, moved or covered is found, what many share is left alone."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from drawing import encode
from test_checks import _raw, _verdicts, faces

from bench.defects import layout as spoiling
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.decode import Pixels, decode
from ganlib.pictures.layout import NUMBERS, layouts, oddness
from ganlib.pictures.raw import RawPicture
from ganlib.pictures.views import VIEW

WAYS = [
    spoiling.letterboxed,
    spoiling.half_lost,
    spoiling.covered,
    spoiling.captioned,
    spoiling.off_centre,
    spoiling.tilted,
]
FEW = 520  # hardly more than are needed


@pytest.fixture(scope="module")
def portraits() -> Pixels:
    """Drawn once."""
    return faces(FEW + 60)


def spoiled(views: Pixels, places: Iterable[int]) -> Pixels:
    """Some of the views, each in the next of all ways."""
    dice, changed = np.random.default_rng(0), views.copy()
    for turn, place in enumerate(places):
        changed[place] = decode(WAYS[turn % len(WAYS)](views[place], dice).data)
    return changed


def odd(views: Pixels, out: Path, **knobs: object) -> set[int]:
    """The places of those that go for their layout."""
    judged = _verdicts(_raw(views), out, CurateConfig(size=16, **knobs))  # type: ignore[arg-type]
    return {int(Path(name).stem) for name in judged.index[judged["reason"] == "odd-layout"] if not judged["kept"][name]}


class TestLayouts:
    """What is kept of a picture."""

    def test_they_are_sums_of_changes_within_each_part(self) -> None:
        """Along x, then along y, of the three channels' sum; the last pixel of a line has no next one."""
        views = np.random.default_rng(0).integers(0, 256, (2, VIEW, VIEW, 3), dtype=np.uint8)
        known = layouts(views).reshape(2, 2, 8, 8)
        bright = views.astype(int).sum(-1)
        for row, column in ((0, 0), (3, 5), (7, 7)):
            inside = [(y, x) for y in range(8 * row, 8 * row + 8) for x in range(8 * column, 8 * column + 8)]
            for place in range(2):
                along_x = sum(abs(bright[place, y, x + 1] - bright[place, y, x]) for y, x in inside if x < VIEW - 1)
                along_y = sum(abs(bright[place, y + 1, x] - bright[place, y, x]) for y, x in inside if y < VIEW - 1)
                assert known[place, :, row, column].tolist() == [along_x, along_y]

    def test_the_most_that_there_can_be_is_kept_whole(self) -> None:
        """Black beside white at every pixel: 64 of 765 in a part that is not at the edge."""
        view = np.indices((VIEW, VIEW)).sum(0)[None, :, :, None] % 2 * np.full(3, 255, np.uint8)
        assert layouts(view.astype(np.uint8)).reshape(2, 8, 8)[:, 0, 0].tolist() == [64 * 765] * 2


class TestOddness:
    """How far one is from the others."""

    def test_it_is_the_distance_of_mahalanobis_from_the_other_four_fifths(self) -> None:
        """Against numpy's covariance of these, to rounding."""
        dice = np.random.default_rng(0)
        known, lots = dice.integers(0, 49_000, (300, NUMBERS)).astype(np.uint16), dice.integers(0, 2**63, 300).astype(np.uint64)
        points, usual = np.log(known / (64 * 765) + 0.02), np.arange(300) % 7 > 0
        found = oddness(known, lots, usual)
        for place in (0, 7, 100):
            others = points[usual & (lots % 5 != lots[place] % 5)]
            spread = np.cov(others.T, bias=True)
            spread += 0.03 * np.trace(spread) / NUMBERS * np.eye(NUMBERS)
            apart = points[place] - others.mean(0)
            assert found[place] == pytest.approx(np.sqrt(apart @ np.linalg.solve(spread, apart)), rel=1e-9)


class TestCheck:
    """On pictures, with all other checks."""

    def test_what_is_spoiled_is_found_and_nothing_else(self, tmp_path: Path, portraits: Pixels) -> None:
        """Twelve of 520, each way twice; without the check that knows some of them for quite another kind of picture."""
        places = range(30, 42)
        config = CurateConfig(size=16, ignore=("off-topic",))
        judged = _verdicts(_raw(spoiled(portraits[:FEW], places)), tmp_path / "out", config)
        gone = {int(Path(name).stem) for name in judged.index[~judged["kept"]]}
        assert set(places) >= gone
        assert len(gone) >= 11
        found = judged[(judged["reason"] == "odd-layout") & ~judged["kept"]]
        assert len(found) >= 10
        assert (found["score"] > found["threshold"]).all()
        page = (tmp_path / "out" / "verdicts.html").read_text(encoding="utf-8")
        assert 'id="odd-layout"' in page
        assert "Kept, but only just" in page

    def test_of_pictures_that_are_as_they_should_be_none_is_odd(self, tmp_path: Path, portraits: Pixels) -> None:
        assert odd(portraits[:FEW], tmp_path / "out") == set()

    def test_what_many_share_is_no_fault(self, tmp_path: Path, portraits: Pixels) -> None:
        """The same bar over one in twenty-five."""
        framed = portraits[:FEW].copy()
        framed[::25, 20:30] = 0
        assert odd(framed, tmp_path / "out", ignore=("off-topic", "label-suspect")) == set()

    def test_few_pictures_say_nothing(self, tmp_path: Path, portraits: Pixels) -> None:
        """Under five hundred."""
        assert odd(spoiled(portraits[:400], range(5)), tmp_path / "out", ignore=("off-topic",)) == set()

    def test_bars_that_make_a_picture_square_are_no_layout(self, tmp_path: Path, portraits: Pixels) -> None:
        """A dozen is high; among those that are not, what is spoiled is found."""
        views = spoiled(portraits[:FEW], range(4))
        high = [np.ascontiguousarray(view[:, 12:52]) for view in portraits[FEW : FEW + 12]]
        pictures = [*_raw(views), *(RawPicture(f"high{place}.png", encode(view)) for place, view in enumerate(high))]
        judged = _verdicts(pictures, tmp_path / "out", CurateConfig(size=16, fit="pad"))
        gone = set(judged.index[~judged["kept"] & (judged["reason"] == "odd-layout")])
        assert gone
        assert gone <= {f"{place}.png" for place in range(4)}
