"""A champion that was scored otherwise is scored anew, by the real steps, or it is said why that cannot be."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing import pixels
from promoting import champion, client, made, model, project, registry, shown, studio, versions
from test_evaluate import store as write_data_set

from ganlib.config import load
from tasks import places, promote
from tasks.evaluate import evaluate
from tasks.sample import sample
from tasks.tracking.generator import NAME

__all__ = ["project", "studio"]

#: Untrained networks hardly differ in what they draw: the gate that asks for it is open.
TINY = {
    "  extractor: lite0": "  extractor: pixels",
    "  size: 64\n  neighbours": "  size: 4\n  neighbours",
    "  least_diversity: 0.5": "  least_diversity: 0",
}


@pytest.fixture
def night(studio: Path) -> Path:
    """A champion of another night: the data set has changed since its scores were made."""
    text = Path("params.yaml").read_text()
    for old, new in {**TINY, "  number: 1500": "  number: 24"}.items():
        assert old in text
        text = text.replace(old, new)
    Path("params.yaml").write_text(text)
    pictures = np.stack([pixels(number) for number in range(48)])
    write_data_set(places.DATASET, pictures[:24], pictures[24:])
    made(1, 0.001)
    promote.promote()
    return studio


def scored(number: int) -> dict[str, Any]:
    """Train, sample and evaluate as tonight's flow does; the scores."""
    model(number)
    return by_hand(places.MODEL, places.SAMPLES, places.SCORES)


def by_hand(folder: Path, samples: Path, out: Path) -> dict[str, Any]:
    params = load()
    sample(folder, params.sample, samples)
    evaluate(params.evaluate, places.DATASET, samples, out, strict=False)
    return dict(json.loads(out.read_text()))


def flatter(scores: dict[str, Any], factor: float) -> None:
    """Let tonight's main score be better by a factor than it is."""
    name = next(iter(scores))
    scores[name]["value"] *= factor
    places.SCORES.write_text(json.dumps(scores))


def test_the_champion_is_scored_anew_and_then_compared(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its old score of 0.001 counts no more: drawn and scored as the candidate was, it has exactly the score of its model."""
    shutil.copytree(places.MODEL, "first")
    flatter(scored(2), 0.5)
    said = promote.promote()
    assert said.startswith("Version 2 is the champion in place of version 1.")
    assert "Version 1, the champion, was scored otherwise: it draws anew" in capsys.readouterr().out
    again = by_hand(Path("first"), Path("drawn"), Path("again.json"))
    first = registry().version("1")
    assert first is not None
    assert first.scores(again["fingerprint"]) == again
    assert shown()["score"]["old"] == again[shown()["score"]["name"]]["value"]
    assert not list(places.RUNS.glob(".champion-*"))


def test_it_is_scored_anew_once(night: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next candidate of the same night finds the scores in the registry."""
    flatter(scored(2), 2.0)
    promote.promote()
    flatter(scored(3), 0.5)
    monkeypatch.setattr(promote, "_score_again", lambda *_: pytest.fail("scored again"))
    promote.promote()
    assert champion() == "3"


def _other_size(monkeypatch: pytest.MonkeyPatch) -> None:
    version = client().get_model_version(NAME, "1")
    model(1, size=32)
    client().log_artifacts(version.run_id, str(places.MODEL), "published")
    client().set_model_version_tag(NAME, "1", "atelier.generator", promote.candidates.describe(places.MODEL, {}).generator)


def _deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(Path(".mlflow/artifacts"))


def _damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    (weights,) = Path(".mlflow/artifacts").rglob("published/generator.safetensors")
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)


def _unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    (card,) = Path(".mlflow/artifacts").rglob("published/model.json")
    card.write_text(card.read_text().replace('"gan"', '"of-another-time"'))


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (_other_size, "pictures: expected the reference's height, width and channels"),
        (_deleted, "its files cannot be fetched"),
        (_damaged, "its weights are not those that were registered"),
        (_unknown, "expected a whole model, found a damaged one ('of-another-time')"),
    ],
)
def test_where_that_cannot_be_it_is_said_and_nothing_moves(night: Path, monkeypatch: Any, trouble: Any, words: str) -> None:
    """Another picture size, files that are gone, damaged or of another time: why, and the command that overrules."""
    trouble(monkeypatch)
    flatter(scored(2), 0.5)
    said = promote.promote()
    assert said.startswith("Version 2 does not become the champion; version 1 stays. The champion, version 1, was scored")
    assert words in said
    assert said.endswith("To make it the champion all the same: python -m tasks.promote --force")
    assert (champion(), versions()) == ("1", ["1", "2"])
    assert promote.promote() == said  # not settled: it is tried again, and is no other version
    assert promote.promote(force=True).startswith("Version 2 is the champion in place of version 1. Forced by hand")
    assert (champion(), versions()) == ("2", ["1", "2"])


def test_a_closed_gate_saves_the_trouble(night: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has collapsed is refused without scoring the champion anew."""
    scores = scored(2)
    scores["coverage"] |= {"value": 0.0, "standard_error": 0.0}
    places.SCORES.write_text(json.dumps(scores))
    monkeypatch.setattr(promote, "_score_again", lambda *_: pytest.fail("scored again"))
    assert "it has collapsed" in promote.promote()
    assert champion() == "1"


def test_a_candidate_of_another_data_set_is_not_compared(night: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waited while the data set changed: against pictures that are gone nobody can be scored, and what differs is said."""
    flatter(scored(2), 0.5)
    with monkeypatch.context() as away:
        away.setattr(promote, "ask", lambda *_: (None, "nothing answers"))
        promote.promote()
    shutil.rmtree(places.DATASET)
    pictures = np.stack([pixels(number) for number in range(100, 148)])
    write_data_set(places.DATASET, pictures[:24], pictures[24:])
    said = promote.promote()
    assert "reference_digest (" in said
    assert champion() == "1"
