"""Pictures that are laid out unlike the others: what is cut off, moved or covered is found, what many share is left alone."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from drawing import encode
from test_checks import _raw, _verdicts, faces

from bench.defects import layout as spoiling
from ganlib.pictures.checks import layout as check
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
            spread += (0.03 * np.trace(spread) / NUMBERS + 1e-3) * np.eye(NUMBERS)
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
        assert len(gone) >= 9
        found = judged[(judged["reason"] == "odd-layout") & ~judged["kept"]]
        assert len(found) >= 8
        assert (found["score"] > found["threshold"]).all()
        page = (tmp_path / "out" / "verdicts.html").read_text(encoding="utf-8")
        section = page[page.index('id="odd-layout"') :].split("<h2")[0]
        assert "Kept, but only just" in section

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
        """Two are high, of which one would go if it were filled up so before; of those that are not, what is spoiled goes."""
        views = spoiled(portraits[:FEW], range(4))
        high = [np.ascontiguousarray(view[:, 12:52]) for view in portraits[FEW : FEW + 2]]
        gone = []
        for shown in (high, [np.pad(view, ((0, 0), (12, 12), (0, 0))) for view in high]):
            pictures = [*_raw(views), *(RawPicture(f"high{place}.png", encode(view)) for place, view in enumerate(shown))]
            config = CurateConfig(size=16, fit="pad", background="#000000", ignore=("off-topic", "near-duplicate"))
            judged = _verdicts(pictures, tmp_path / f"out{len(gone)}", config)
            gone.append(set(judged.index[~judged["kept"] & (judged["reason"] == "odd-layout")]))
        assert gone[0]
        assert gone[0] <= {f"{place}.png" for place in range(4)}
        assert gone[1] & {"high0.png", "high1.png"}


class TestJudged:
    """Layouts alone."""

    def test_what_the_first_round_finds_no_longer_hides_the_rest(self, portraits: Pixels) -> None:
        """One in fifteen, in all ways: two rounds find more of them than one, and no innocent."""
        places = range(0, FEW, 15)
        known = layouts(spoiled(portraits[:FEW], places))
        lots = np.random.default_rng(0).integers(0, 2**63, FEW).astype(np.uint64)
        found = []
        for rounds in (1, 2):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(check, "_ROUNDS", rounds)
                odd, threshold = check.judged(known, lots)
            found.append(set(np.flatnonzero(odd > threshold)))
        assert found[0] < found[1] <= set(places)
        assert len(found[1]) > 1.2 * len(found[0])

    @pytest.mark.parametrize("others", [0, 1, 40])
    def test_where_nearly_all_are_alike_nothing_is_said(self, others: int) -> None:
        """All the same, or but for some."""
        dice = np.random.default_rng(0)
        known = np.full((600, NUMBERS), 4321, np.uint16)
        known[:others] = dice.integers(0, 48_960, (others, NUMBERS))
        assert check.judged(known, dice.integers(0, 2**63, 600).astype(np.uint64))[1] == np.inf

    def test_a_set_without_any_edges_is_none_to_be_judged_by(self) -> None:
        known, lots = np.zeros((600, NUMBERS), np.uint16), np.arange(600).astype(np.uint64)
        assert check.judged(known, lots)[1] == np.inf
