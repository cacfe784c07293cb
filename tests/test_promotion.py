"""Who becomes the champion: the rule alone, without a registry."""

from collections.abc import Mapping
from dataclasses import replace
from math import hypot, nan
from pathlib import Path

import pytest
from test_config import GOOD, edited

from ganlib.config import load
from ganlib.errors import AtelierError
from ganlib.metrics.fingerprint import Fingerprint, Score
from ganlib.metrics.promotion import Change, Decision, PromoteConfig, decide, gates

MADE = Fingerprint("lite0", "f" * 64, 64, "bicubic", "256 levels", "none", 1500, 1500, "d" * 32, "heldout", 0, 5)
OPEN = PromoteConfig(most_copied=None, least_coverage=None, least_diversity=None)


def scores(value: float, error: float = 3.0, **others: float) -> dict[str, Score]:
    """The scores of one evaluation: the distance first, then others without an error."""
    main = Score("fd_lite0", value, error, 60.0, 1500, MADE)
    return {"fd_lite0": main, **{name: replace(main, name=name, value=number, error=0.0) for name, number in others.items()}}


def copied(value: float, p_value: float | None = None) -> Mapping[str, Score]:
    """Scores whose share of copies has a p-value."""
    found = scores(900.0, coverage=0.5, copied=value)
    return {**found, "copied": replace(found["copied"], p=p_value)}


def test_better_by_more_than_the_error_is_promoted() -> None:
    """The numbers of the comparison come with it: both scores, the gain, one standard error of the difference."""
    found = decide(scores(988.0, 3.0), scores(1000.0, 4.0), OPEN)
    assert found == Decision(True, found.reasons, Change("fd_lite0", 988.0, 1000.0, 12.0, hypot(3.0, 4.0)))
    assert found.reasons == (
        "fd_lite0 is 988, the champion's 1000: better by 12, more than 10 (2 standard errors of the difference).",
    )


@pytest.mark.parametrize(
    ("value", "promoted", "words"),
    [
        (989.9, True, "better by 10.1, more than 10"),
        (990.0, False, "better by 10, not by more than 10"),
        (999.9, False, "may be chance"),
        (1000.0, False, "not better"),
        (1200.0, False, "not better"),
    ],
)
def test_within_the_error_or_worse_is_not(value: float, promoted: bool, words: str) -> None:
    """Two standard errors of 5 are needed, and exactly as much is not more."""
    found = decide(scores(value, 3.0), scores(1000.0, 4.0), OPEN)
    assert found.promoted is promoted
    assert words in found.reasons[0]


def test_of_a_share_more_is_better() -> None:
    """Where the main score is one of which more is better, the gain has the other sign."""
    old, new = ({"recall": Score("recall", value, 0.01, 0.9, 1500, MADE)} for value in (0.5, 0.6))
    assert decide(new, old, OPEN).promoted
    assert not decide(old, new, OPEN).promoted


def test_how_many_errors_are_needed_is_a_knob() -> None:
    """The same gain of 12 at an error of 5 is enough for two of them, and not for three."""
    pair = scores(988.0, 3.0), scores(1000.0, 4.0)
    assert [decide(*pair, replace(OPEN, errors=errors)).promoted for errors in (0.0, 2.0, 3.0)] == [True, True, False]


def test_the_first_champion_needs_only_to_pass_the_gates() -> None:
    """There is nothing to compare it with, and the reasons say so."""
    found = decide(scores(5000.0, coverage=0.5, copied=0.0), None, PromoteConfig())
    assert found.promoted
    assert found.score is None
    assert found.reasons[0] == "There was no champion to compare it with."


@pytest.mark.parametrize("name", ["coverage", "diversity"])
def test_what_has_collapsed_is_refused_however_good_its_distance(name: str) -> None:
    """Short of the gate by more than two of its standard errors; at the gate it passes."""
    config = replace(OPEN, **{f"least_{name}": 0.3})
    for value, error, passed in ((0.3, 0.0, True), (0.25, 0.03, True), (0.25, 0.02, False), (0.0, 0.0, False), (nan, 0.0, False)):
        new = scores(100.0, **{name: value})
        new[name] = replace(new[name], error=error)
        found = decide(new, scores(1000.0), config)
        assert found.promoted is passed
        assert (f"less than promote.least_{name} asks (0.3): it has collapsed." in " ".join(found.reasons)) is not passed


def test_what_is_merely_poor_is_not_refused() -> None:
    """As the default model, of whose 1,470 pictures none or one is near a real one; its pictures differ as real ones do."""
    for coverage in (0.0, 1 / 1470):
        new = scores(1035.0, diversity=1.15, copied=0.0, coverage=coverage)
        new["coverage"] = replace(new["coverage"], error=0.00034)
        assert decide(new, None, PromoteConfig()).promoted
    new["diversity"] = replace(new["diversity"], value=0.1)
    assert not decide(new, None, PromoteConfig()).promoted


@pytest.mark.parametrize(
    ("share", "p_value", "passed"),
    [(0.01, 0.0, True), (0.02, 0.001, False), (0.02, None, False), (0.02, 0.2, True), (0.0, None, True), (nan, None, False)],
)
def test_what_repeats_its_training_pictures_is_refused(share: float, p_value: float | None, passed: bool) -> None:
    """Beyond the share that is allowed, unless that many come by chance too often; without a p-value the share alone counts."""
    assert decide(copied(share, p_value), scores(1000.0), PromoteConfig()).promoted is passed


def test_a_gate_that_was_not_measured_is_said_and_passed() -> None:
    """An evaluation without the scores `copied` and `coverage` is no reason to refuse, and the reasons name both."""
    found = decide(scores(900.0), scores(1000.0), PromoteConfig())
    assert found.promoted
    assert [reason.split(":")[0] for reason in found.reasons if "not measured" in reason] == ["coverage", "diversity", "copied"]


def test_gates_can_be_opened() -> None:
    """`null` in params.yaml: neither copies nor collapse are asked about."""
    assert decide(scores(900.0, coverage=0.0, diversity=0.0, copied=1.0), scores(1000.0), OPEN).promoted


def test_what_is_no_number_never_becomes_the_champion() -> None:
    """Not even the first one."""
    found = decide(scores(nan), None, OPEN)
    assert not found.promoted
    assert found.reasons[1] == "fd_lite0 is nan, which is no number."
    assert not decide(scores(nan), scores(1000.0), OPEN).promoted


def test_scores_that_were_made_otherwise_are_not_compared() -> None:
    """Another reference, another main score, or none: an error that says what differs, never a verdict."""
    other = {"fd_lite0": replace(scores(1000.0)["fd_lite0"], fingerprint=replace(MADE, reference_digest="e" * 32))}
    with pytest.raises(AtelierError, match=r"reference_digest \(d+ and e+\)"):
        decide(scores(900.0), other, OPEN)
    fid = {"fid": replace(scores(20.0)["fd_lite0"], name="fid")}
    with pytest.raises(AtelierError, match=r"fd_lite0: expected this score of the champion, too, found fid"):
        decide(scores(900.0), fid, OPEN)
    with pytest.raises(AtelierError, match="found none"):
        gates({}, OPEN)


def test_the_knobs_are_checked(tmp_path: Path) -> None:
    """A share above 1 is a mistake in params.yaml, told with its line; `null` opens a gate."""
    assert load(edited(tmp_path, "  most_copied: 0.01", "  most_copied: null")).promote.most_copied is None
    with pytest.raises(AtelierError, match=r"promote\.least_coverage must be <= 1\.0 \(got 5\)"):
        load(edited(tmp_path, "  least_coverage: 0.0005", "  least_coverage: 5"))
    assert load(GOOD).promote == PromoteConfig()
