"""The diagnosis: each finding on a history that was made up for it, none on a healthy one, and what a person is told."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from ganlib.config import Params
from ganlib.knobs import Named, OneOf
from ganlib.metrics.diagnosis import CHECKS, Diagnosis, Evidence, diagnose
from ganlib.metrics.diagnosis.oscillation import relapses
from ganlib.metrics.diagnosis.plot import write_plot
from ganlib.metrics.quick import Quick
from ganlib.metrics.votes import Value, chance_of_at_most, values
from tasks import diagnosis as task

LOOKS = 11


def a_run(number: int = LOOKS, game: bool = True, scores: Mapping[str, Any] | None = None, **series: Any) -> Evidence:
    """A healthy run of so many looks, but for the series (a number, or one for each look) that are given."""
    falling = np.linspace(3, 0.4, number)
    usual: dict[str, Any] = {
        "quick_fd": 1000 * falling,
        "quick_fd_error": 20.0,
        "quick_fd_floor": 250.0,
        "coarse_fd": falling,
        "coarse_fd_error": 0.05,
        "coarse_fd_floor": 0.1,
        "coarse_diversity": 1.0,
        "coarse_coverage": np.linspace(0.1, 0.8, number),
        "coarse_coverage_floor": 0.95,
        **({"score_train": 0.5, "score_heldout": 0.49, "score_generated": -0.5, "score_error": 0.02} if game else {}),
        **({"told_apart": 0.9} if game else {}),
    }
    chosen = {name: values for name, values in {**usual, **series}.items() if not name.startswith("gradient")}
    looks = [
        {"images": 1000 * place, "kimg": float(place), "done": place / (number - 1)}
        | {name: _at(values, place) for name, values in chosen.items()}
        for place in range(number)
    ]
    gradients = {"gradient_d": 1.0, "gradient_g": 1.0} if game else {"gradient": 1.0}
    gradients |= {name: values for name, values in series.items() if name.startswith("gradient")}
    history = [
        {"images": 1000 * place + 16, "kimg": place + 0.016} | {name: _at(values, place) for name, values in gradients.items()}
        for place in range(number)
    ]
    return Evidence(history, looks, scores)


def _at(values: Any, place: int) -> Any:
    return values if isinstance(values, (int, float, str)) else values[place]


def names(found: Diagnosis) -> list[str]:
    """What is wrong."""
    return [finding.name for finding in found.findings if finding.harmful]


GONE = {"coarse_coverage": 0.0}
SICK: dict[str, Evidence] = {
    "exploding-gradients": a_run(gradient_d=[1.0, 1e5, *[10.0] * 9]),
    "vanishing-gradients": a_run(**GONE, gradient_g=[1.0, 1.0, 0.1, *[1e-4] * 8]),
    "discriminator-winning": a_run(**GONE, told_apart=1.0),
    "generator-winning": a_run(**GONE, told_apart=0.3),
    "discriminator-overfit": a_run(score_heldout=0.0),
    "mode-collapse": a_run(coarse_diversity=[0.01, 0.6, 0.9, *[0.2] * 8]),
    "missing-modes": a_run(values_missing="hair red"),
    "oscillation": a_run(coarse_fd=[3.0, 1.0, 2.5, 1.0, 0.9, 2.4, 1.0, 2.9, 1.0, 1.0, 0.8]),
    "memorisation": a_run(scores={"copied": {"value": 0.2, "standard_error": 0.01, "floor": 0.0, "p_value": 1e-6}}),
}

#: The same for ways of learning that are no game, where there is such a thing.
ALONE: dict[str, Evidence] = {
    "exploding-gradients": a_run(game=False, gradient=[1.0, 1e5, *[10.0] * 9]),
    "discriminator-overfit": a_run(game=False, score_train=0.5, score_heldout=0.0, score_generated=-0.5, score_error=0.02),
    "memorisation": a_run(game=False, scores={"copied": {"value": 0.2, "standard_error": 0.01, "floor": 0.0, "p_value": 1e-6}}),
}


@pytest.mark.parametrize(("name", "run"), [*SICK.items(), *ALONE.items()])
def test_what_ails_a_run_is_the_verdict(name: str, run: Evidence) -> None:
    """It alone is found, its sentence is the verdict, and it says what to change."""
    found = diagnose(run)
    assert names(found) == [name]
    assert not found.healthy
    assert found.verdict == found.findings[0].sentence
    assert "train." in found.findings[0].remedy
    assert found.findings[0].evidence


@pytest.mark.parametrize("game", [True, False])
def test_a_healthy_run_is_not_accused(game: bool) -> None:
    """It is said how far it has come."""
    found = diagnose(a_run(game=game))
    assert found.healthy
    assert [finding.name for finding in found.findings] == ["still-improving"]
    assert found.verdict.startswith("Nothing wrong was found: it was still getting better")


def test_a_run_that_stands_still_has_finished() -> None:
    """Changes below the error are none."""
    flat = np.minimum(np.linspace(1.6, 0.4, LOOKS), 1.0).clip(1.0) + 0.01 * np.sin(np.arange(LOOKS))
    found = diagnose(a_run(quick_fd=1000 * flat, coarse_fd=flat))
    assert [finding.name for finding in found.findings] == ["finished"]
    assert found.healthy


NEARLY: dict[str, Evidence] = {
    "gradients that grow a hundredfold": a_run(gradient_g=np.geomspace(1, 100, LOOKS)),
    "a gradient that vanishes as everything is learned": a_run(gradient_g=np.geomspace(1, 1e-4, LOOKS), coarse_coverage=0.9),
    "an auto-encoder's gradient that falls": a_run(game=False, gradient=np.geomspace(1, 1e-4, LOOKS), coarse_coverage=0.0),
    "a discriminator that tells pictures apart that get better": a_run(told_apart=1.0),
    "a discriminator that cannot tell perfect pictures": a_run(told_apart=0.5, coarse_coverage=0.95),
    "held-out scores that differ by chance": a_run(score_heldout=0.1, score_error=0.2),
    "held-out scores above train scores": a_run(score_heldout=0.9),
    "variety that is on its way up": a_run(coarse_diversity=np.linspace(0.01, 0.49, LOOKS)),
    "values that were missing once": a_run(values_missing=["", *["a b"] * 9, ""]),
    "values that cannot be told so far from real pictures": a_run(values_missing="hair red", coarse_coverage=0.15),
    "one relapse": a_run(coarse_fd=[3.0, 1.0, 2.5, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5]),
    "relapses within the error": a_run(coarse_fd=[3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 0.9], coarse_fd_error=0.6),
    "copies as many as held-out pictures show": a_run(scores={"copied": {"value": 0.003, "floor": 0.0, "p_value": 0.4}}),
    "many copies by chance": a_run(scores={"copied": {"value": 0.05, "floor": 0.0, "p_value": 0.2}}),
    "what a default run scores": a_run(scores={"coverage": {"value": 0.0007, "standard_error": 0.0008, "floor": 0.96}}),
}


@pytest.mark.parametrize("run", NEARLY.values(), ids=NEARLY)
def test_what_only_looks_ill_is_not_accused(run: Evidence) -> None:
    """Each check has its reason not to speak."""
    assert names(diagnose(run)) == []


def test_a_run_that_has_hardly_begun_is_not_accused() -> None:
    """Untrained generators draw one picture, and discriminators tell it apart."""
    for number in (1, 3):
        young = a_run(**GONE, coarse_diversity=0.01, told_apart=1.0)
        assert names(diagnose(Evidence(young.history[:number], young.looks[:number]))) == []
    assert "too little to go by" in diagnose(Evidence()).verdict


def test_scores_alone_are_enough_for_what_they_show() -> None:
    """A model of which only the scores are known."""
    copied = {"value": 0.5, "standard_error": 0.01, "floor": 0.0, "p_value": 1e-9}
    assert names(diagnose(Evidence(scores={"copied": copied, "fingerprint": {}}))) == ["memorisation"]
    assert names(diagnose(Evidence(scores={"fd_lite0": {"value": 1.0, "floor": None}}))) == []


def test_causes_come_before_what_follows_from_them() -> None:
    """The verdict is the cause's sentence; the others are named."""
    found = diagnose(a_run(**GONE, gradient_g=[1.0, *[1e-4] * 10], told_apart=1.0, coarse_diversity=0.2))
    assert names(found) == ["vanishing-gradients", "discriminator-winning", "mode-collapse"]
    assert found.verdict.startswith("The generator's gradient has vanished")
    assert found.verdict.endswith("(Also: discriminator-winning, mode-collapse.)")


def test_classes_that_a_classifier_counted_are_believed() -> None:
    """None of a hundred that were expected, where others have theirs; a few too few are none of its business."""
    asked = {"real": 100, "real_taken": 100, "generated": 100}  # what was asked for says nothing of what was drawn
    rows = [{"class": "a", **asked, "taken": 0}, {"class": "b", **asked, "taken": 200}]
    assert names(diagnose(Evidence(classes=rows))) == ["missing-modes"]
    assert names(diagnose(Evidence(classes=[{**rows[0], "taken": 60}, {**rows[1], "taken": 140}]))) == []


def test_a_classifier_that_cannot_tell_accuses_nobody() -> None:
    """It takes held-out pictures, too, for the one class alone."""
    blind = [
        {"class": "a", "real": 30, "real_taken": 0, "generated": 0, "taken": 0},
        {"class": "b", "real": 170, "real_taken": 200, "generated": 200, "taken": 200},
    ]
    assert names(diagnose(Evidence(classes=blind))) == []


@pytest.mark.parametrize(
    ("distances", "count"),
    [([4, 2, 1], 0), ([1, 3, 3, 3], 1), ([1, 3, 1, 3], 2), ([1, 3, 2.9, 4, 2.5, 5], 1), ([1, 1.4, 1.9], 0), ([], 0)],
)
def test_a_relapse_is_a_doubling_and_needs_a_halving_before_the_next(distances: Sequence[float], count: int) -> None:
    """Counted on series without error."""
    assert relapses(np.array(distances, float), np.zeros(len(distances))) == count


# What is told


def every_remedy() -> str:
    """What all findings advise."""
    runs = [*SICK.values(), *ALONE.values(), a_run(), a_run(quick_fd=1000.0, coarse_fd=1.0)]
    found = [finding for run in runs for finding in diagnose(run).findings]
    assert {finding.name for finding in found} == {*SICK, "still-improving", "finished"}
    return " ".join(finding.remedy for finding in found)


def knobs_named() -> set[str]:
    """The knobs in the advice, by their full names."""
    sections = "|".join(field.name for field in fields(Params))
    return set(re.findall(rf"\b(?:{sections})\.[a-z0-9_.]*[a-z0-9_]", every_remedy()))


@pytest.mark.parametrize("knob", sorted(knobs_named()))
def test_every_knob_that_is_advised_exists(knob: str) -> None:
    """In some method, network or objective where there are several."""
    assert _known([Params], knob.split("."))


def _known(kinds: Sequence[Any], path: Sequence[str]) -> bool:
    if not path:
        return True
    inside = [
        found
        for kind in kinds
        if is_dataclass(kind) and isinstance(kind, type)
        for found in _within(get_type_hints(kind, include_extras=True).get(path[0]), path[1:2])
    ]
    keys = [found for found in inside if found == path[1:2]]
    return bool(keys) or (bool(inside) and _known(inside, path[1:]))


def _within(annotation: Any, key: Sequence[str]) -> list[Any]:
    """What may stand in a field: dataclasses; of a dictionary with names out of a registry, the key itself if it is one."""
    if annotation is None:
        return []
    if get_origin(annotation) is dict:
        (marks,) = [get_args(annotation)[0].__metadata__]
        return [key] if any(key and isinstance(mark, Named) and key[0] in mark.names for mark in marks) else []
    chosen = [mark for mark in getattr(annotation, "__metadata__", ()) if isinstance(mark, OneOf)]
    return list(chosen[0].registry.values()) if chosen else [annotation]


def test_the_test_of_knobs_can_fail() -> None:
    """A name that is nowhere is noticed, at every depth."""
    assert len(knobs_named()) > 10
    for wrong in ("train.lr", "train.method.lr_d", "train.method.penalties.r3", "train.method.network.wide", "trainer.kimg"):
        assert not _known([Params], wrong.split("."))


def test_the_step_leaves_json_and_a_picture_and_says_both(tmp_path: Path) -> None:
    """The same bytes twice; the verdict is the tag; what to do stands below it."""
    run, model = SICK["mode-collapse"], tmp_path / "model"
    model.mkdir()
    for name, lines in (("history.jsonl", run.history), ("watch.jsonl", run.looks)):
        (model / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "scores.json").write_text(json.dumps({"fd_lite0": {"value": 9.0, "floor": 1.0}, "fingerprint": {}}))
    written = []
    for place in ("a", "b"):
        out, plot = tmp_path / place / "diagnosis.json", tmp_path / place / "diagnosis.png"
        found = task.diagnose(model, tmp_path / "scores.json", tmp_path / "evaluation.json", out, plot)
        written.append((out.read_bytes(), plot.read_bytes()))
    assert written[0] == written[1]
    content = json.loads(written[0][0])
    assert content["verdict"] == found.verdict
    assert content["healthy"] is False
    assert set(content["findings"][0]) == {"name", "sentence", "remedy", "harmful", "evidence"}
    assert written[0][1].startswith(b"\x89PNG")
    assert task.tag(tmp_path / "a" / "diagnosis.json") == {"atelier.diagnosis": found.verdict}
    assert task.tag(tmp_path / "nowhere.json") == {}
    said = task.lines(found).splitlines()
    assert said[0] == f"Diagnosis: {found.verdict}"
    assert said[1].startswith("  mode-collapse: Lower train.method.lr_generator")
    assert len(said) == 2


@pytest.mark.parametrize("run", [a_run(), a_run(game=False), Evidence(), Evidence(a_run().history)])
def test_a_picture_is_drawn_of_whatever_there_is(run: Evidence, tmp_path: Path) -> None:
    """Runs without a judge, without looks, without anything."""
    write_plot(run, diagnose(run), tmp_path / "diagnosis.png")
    assert (tmp_path / "diagnosis.png").stat().st_size > 10_000


def test_every_check_is_registered_once() -> None:
    """And each of them has been seen to find something."""
    assert len(set(CHECKS.values())) == len(CHECKS)
    found = {finding.name for run in [*SICK.values(), a_run()] for finding in diagnose(run).findings}
    assert len(found) >= len(CHECKS)


# Quick scores


def clouds(number: int, seed: int, colours: Sequence[Sequence[int]]) -> tuple[np.ndarray, list[str]]:
    """Pictures of one colour each with noise, and the number of the colour."""
    dice = np.random.default_rng(seed)
    chosen = dice.integers(0, len(colours), number)
    pictures = np.array(colours)[chosen][:, None, None, :] + dice.integers(-30, 31, (number, 16, 16, 3))
    return pictures.clip(0, 255).astype(np.uint8), [str(place) for place in chosen]


COLOURS = [(200, 60, 60), (60, 200, 60), (60, 60, 200), (200, 200, 60)]


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coarse pixels alone, which take no time."""
    from ganlib.metrics import quick

    monkeypatch.setattr(quick, "VIEWS", {"coarse": quick.VIEWS["coarse"]})


@pytest.mark.usefixtures("coarse")
def test_quick_scores_of_real_pictures_are_those_of_the_floor() -> None:
    """Other real pictures: near the floor, as varied, all values drawn."""
    (held, labels), (train, _), (drawn, _) = (clouds(300, seed, COLOURS) for seed in range(3))
    quick = Quick(held, train, {"colour": labels})
    found = quick.scores(drawn[: quick.number])
    assert quick.number == 256
    assert found["coarse_fd"] == pytest.approx(found["coarse_fd_floor"], rel=0.5)
    assert found["coarse_diversity"] == pytest.approx(1, abs=0.1)
    assert found["coarse_coverage"] == pytest.approx(found["coarse_coverage_floor"], abs=0.1)
    assert (found["values_told"], found["values_drawn"], found["values_missing"]) == (4, 4, "")


@pytest.mark.usefixtures("coarse")
def test_what_is_not_drawn_is_missing() -> None:
    """A colour that is left out is named, and less is covered; one picture again and again has no variety."""
    (held, labels), (train, _), (drawn, _) = (clouds(300, seed, COLOURS) for seed in (0, 1, 2))
    some, _ = clouds(300, 3, COLOURS[:3])
    quick = Quick(held, train, {"colour": labels, "number": list(range(300)), "same": ["x"] * 300})
    whole, partly, one = (quick.scores(pictures[: quick.number]) for pictures in (drawn, some, np.repeat(drawn[:1], 256, axis=0)))
    assert (partly["values_missing"], partly["values_told"]) == ("colour 3", 4)
    assert partly["coarse_coverage"] < whole["coarse_coverage"] - 0.15
    assert partly["coarse_fd"] > 2 * whole["coarse_fd"]
    assert one["coarse_diversity"] == pytest.approx(0, abs=1e-6)


def test_too_few_pictures_have_no_quick_scores() -> None:
    """Rather than wrong ones."""
    few, _ = clouds(15, 0, COLOURS)
    assert Quick(few, few).scores(few) == {}


def test_values_without_a_name_are_none() -> None:
    """A part that was not drawn has no label; of values that cannot be told by neighbours nothing is said."""
    dice = np.random.default_rng(0)
    places = np.concatenate([dice.normal(place, 0.1, (40, 3)) for place in (0, 5, 10)])
    labels = np.array(["a"] * 40 + [""] * 40 + ["b"] * 40)
    found = {value.name: value for value in values(labels, places, places[:80])}
    assert set(found) == {"a", "b"}
    assert found["b"].missing
    assert not found["a"].missing
    mixed = np.where(np.arange(120) % 2, "odd", "even")
    assert list(values(mixed, places, places)) == []


def test_the_chance_of_so_few_is_poissons() -> None:
    """By hand, and none of thirty is no chance."""
    assert chance_of_at_most(1, 2.0) == pytest.approx(3 * np.exp(-2))
    assert Value("a", 0, 30.0).missing
    assert not Value("a", 0, 10.0).missing
    assert not Value("a", 7, 30.0).missing
