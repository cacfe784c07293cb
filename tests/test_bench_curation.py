"""The bench of curating counts what it says it counts, on truths and judgements made by hand."""

from pathlib import Path

import pandas as pd
import pytest

import bench.curation
from bench.curation import keep, table
from bench.judged import Judged
from bench.peers.cleanvision import judged
from bench.planter import Planted
from bench.tally import Row, rightly, tally, wrongly

TRUTH = pd.DataFrame(
    [
        Planted("a.png"),
        Planted("b.png"),
        Planted("c.png"),
        Planted("copy-of-a.png", "mirrored", "near", "a.png"),
        Planted("copy-of-b.png", "same-bytes", "exact", "b.png"),
        Planted("blurred.png", "blurred", "quality"),
        Planted("odd.png", "cmyk", "format"),
        Planted("x/.DS_Store", "ds-store", "junk"),
        Planted("cut.png", "truncated-png", "unreadable"),
    ]
)
NAMES = frozenset(name for name in TRUTH["name"] if not name.endswith("Store"))


def _judged(faults: dict[str, str] | None = None, twins: dict[str, str] | None = None, seconds: float = 1.0) -> Judged:
    return Judged(NAMES, faults or {}, twins or {}, seconds)


def test_of_a_perfect_judgement_everything_is_right() -> None:
    """It does not matter which of two is set aside for the other."""
    perfect = _judged({"blurred.png": "blurred", "cut.png": "truncated"}, {"copy-of-a.png": "a.png", "b.png": "copy-of-b.png"})
    assert rightly(TRUTH, perfect) == set(TRUTH.loc[TRUTH["defect"] != "", "name"])
    assert wrongly(TRUTH, perfect) == set()
    assert all(row.holds for row in tally("set", TRUTH, perfect, None) if row.about in ("found", "innocent"))


def test_where_nothing_is_set_aside_only_good_forms_and_junk_are_right() -> None:
    """They are to be kept and not to be listed."""
    assert rightly(TRUTH, _judged()) == {"odd.png", "x/.DS_Store"}
    assert rightly(TRUTH, _judged({"odd.png": "blurred"})) == {"x/.DS_Store"}


def test_a_copy_that_is_taken_for_one_of_another_picture_is_not_found() -> None:
    """Unless both are set aside for the same third: then they are linked, but an innocent one is lost."""
    assert "copy-of-a.png" not in rightly(TRUTH, _judged(twins={"copy-of-a.png": "c.png"}))
    assert "copy-of-a.png" not in rightly(TRUTH, _judged({"copy-of-a.png": "blurred"}))
    third = _judged(twins={"copy-of-a.png": "c.png", "a.png": "c.png"})
    assert "copy-of-a.png" in rightly(TRUTH, third)
    assert wrongly(TRUTH, third) == {"a.png"}


def test_an_innocent_picture_is_lost_unless_its_copy_stays() -> None:
    """Set aside for what it is, or for another innocent one, it is lost."""
    assert wrongly(TRUTH, _judged(twins={"a.png": "copy-of-a.png"})) == set()
    assert wrongly(TRUTH, _judged({"a.png": "dark"}, {"a.png": "copy-of-a.png"})) == {"a.png"}
    assert wrongly(TRUTH, _judged(twins={"a.png": "b.png", "c.png": "copy-of-a.png"})) == {"a.png", "c.png"}


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        (Row("s", "found", 20, 20, None, 0.99), True),
        (Row("s", "found", 20, 19, None, 0.99), False),
        (Row("s", "found", 20, 0, None, None), True),
        (Row("s", "innocent", 1000, 5, None, 0.005), True),
        (Row("s", "innocent", 1000, 6, None, 0.005), False),
        (Row("s", "speed", 10, 30.0, 10.0, 3.0), True),
        (Row("s", "speed", 10, 29.0, 10.0, 3.0), False),
        (Row("s", "speed", 10, 1.0, None, 3.0), True),
        (Row("s", "speed of all", 10, 200.0, None, 200.0), True),
        (Row("s", "speed of all", 10, 199.0, None, 200.0), False),
    ],
)
def test_a_bound_is_the_least_share_or_the_greatest_or_a_ratio(row: Row, holds: bool) -> None:
    """Of what was found, of the innocent, of speeds; what is not bound, or has no peer, holds."""
    assert row.holds == holds


def test_the_table_shows_both_sides_and_what_is_missed() -> None:
    """A line a row; what cleanvision was not shown is a dash."""
    ours, theirs = _judged({"blurred.png": "blurred"}, seconds=2.0), _judged(twins={"copy-of-b.png": "b.png"}, seconds=4.0)
    rows = tally("set", TRUTH, ours, theirs, ("truncated-png",), alike=_judged(seconds=1.0))
    lines = {line.split()[1]: line.split()[2:] for line in table(rows).splitlines() if "core-second" not in line}
    speeds = [line.split()[2:] for line in table(rows).splitlines() if "core-second" in line]
    assert lines["blurred"] == ["1", "1", "0", "0.95", "blurred"]
    assert lines["same-bytes"] == ["1", "0", "1", "0.99", "MISSED"]
    assert lines["truncated-png"] == ["1", "0", "-", "0.99", "MISSED"]
    assert speeds == [["the", "same", "checks", "8", "8", "2", "3", "times"], ["all", "checks", "8", "4", "-", "200", "MISSED"]]


def test_a_second_run_replaces_its_own_set_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file holds the last rows of every set."""
    monkeypatch.setattr(bench.curation, "JSON", tmp_path / "curation.json")
    one, two = Row("one", "speed", 10, 1.0, None, 3.0), Row("two", "speed", 10, 1.0, None, 3.0)
    keep([one, two])
    keep([Row("two", "speed", 10, 2.0, None, 3.0)])
    kept = pd.read_json(tmp_path / "curation.json")
    assert kept[["set", "ours"]].to_numpy().tolist() == [["one", 1.0], ["two", 2.0]]


def test_cleanvision_is_taken_at_its_word(tmp_path: Path) -> None:
    """Sets of duplicates: the first stays. Grey is no defect; a picture may be both faulty and a duplicate."""
    paths = [str(tmp_path / name) for name in ("a.png", "b.png", "c.png", "d.png")]
    issues = pd.DataFrame(
        {"is_dark_issue": [False, True, False, False], "is_grayscale_issue": True, "dark_score": 0.5}, index=paths
    )
    sets = {"exact_duplicates": [paths[:2]], "near_duplicates": [[paths[2], paths[1]]]}
    found = judged(issues, sets, tmp_path, 1.0)
    assert found.faults == {"b.png": "dark"}
    assert found.twins == {"b.png": "a.png", "c.png": "b.png"}
    assert len(found.seen) == 4
