"""Promotion against a real registry in SQLite: who becomes the champion, who does not and why, and the way back."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow
import pytest
import torch
from filelock import FileLock
from promoting import champion, client, made, project, registry, shown, studio, versions, waiting
from recording import a_record, runs

from ganlib.errors import AtelierError
from ganlib.sampling.model import load_model
from tasks import places, promote
from tasks import record as recorder
from tasks.tracking import candidates, claims, store, worker
from tasks.tracking.generator import NAME, log_generator
from tasks.tracking.registry import DECISION, GENERATOR, MODEL, WITHDRAWN

__all__ = ["project", "studio"]


def _away(monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the registry be at an address where nothing answers, credentials in it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv(store.URI, f"http://anna:s3cr3t@{host}/?token=t0k3n")
    return host


def test_the_first_model_becomes_the_champion(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is loaded back by its name, without pickle, and draws as the trained one; tags hold scores, identity and reasons."""
    monkeypatch.setattr("tasks.tracking.judge.log_generator", log_generator)
    made(1, 1000.0)
    said = promote.promote()
    assert said.startswith("Version 1 is the champion. There was no champion to compare it with. coverage is 0.5 ± 0")
    assert champion() == "1"
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    loaded, latent = mlflow.pytorch.load_model("models:/generator@champion"), torch.randn(3, 6)
    with torch.no_grad():
        torch.testing.assert_close(loaded(latent), load_model(places.MODEL).generator(latent), atol=1e-5, rtol=0)
    version = registry().champion()
    assert version is not None
    candidate = candidates.describe(places.MODEL, {})
    assert (version.tags[MODEL], version.tags[GENERATOR]) == (candidate.model, candidate.generator)
    assert candidate.model.endswith(".dir")
    scores = json.loads(places.SCORES.read_text())
    assert version.scores(scores["fingerprint"]) == scores
    assert json.loads(version.tags[DECISION]) == shown()
    assert shown() == {
        "promoted": True,
        "reasons": shown()["reasons"],
        "model": candidate.generator,
        "candidate": "version 1",
        "champion": None,
        "score": None,
    }
    assert shown()["reasons"][-1].startswith("copied: not measured")
    assert waiting() == 0


def test_a_better_one_takes_its_place_and_a_worse_one_does_not(studio: Path) -> None:
    """Every model becomes a version; the alias moves only for a gain beyond the error, and the numbers are written down."""
    made(1, 1000.0)
    promote.promote()
    made(2, 995.0)
    said = promote.promote()
    assert said.startswith("Version 2 does not become the champion; version 1 stays. fd_pixels is 995, the champion's 1000")
    assert "better by 5, not by more than 8.49 (2 standard errors of the difference); it may be chance." in said
    made(3, 900.0)
    assert promote.promote().startswith("Version 3 is the champion in place of version 1. fd_pixels is 900, the champion's 1000")
    assert (champion(), versions()) == ("3", ["1", "2", "3"])
    score = {"name": "fd_pixels", "new": 900.0, "old": 1000.0, "gain": 100.0, "error": pytest.approx(3 * 2**0.5)}
    assert shown()["score"] == score
    made(4, 950.0)
    assert "Version 4 does not become the champion; version 3 stays" in promote.promote()
    assert champion() == "3"


def test_the_same_model_is_registered_once(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night with nothing new judges nobody; asked all the same, the registry has one version, and the verdict stays."""
    made(1, 1000.0)
    promote.promote()
    made(2, 900.0)
    first, verdict = promote.promote(), shown()
    with monkeypatch.context() as idle:
        idle.setattr(promote, "_judged", lambda *_: pytest.fail("judged"))
        assert promote.promote() == f"Nothing new. {first}"
        idle.setattr(promote, "ask", lambda *_: (None, "nothing answers"))
        said = promote.promote()
        assert said.startswith(f"Nothing new. {first} The registry at ")
        assert said.endswith("could not be asked whether that is still so (nothing answers).")
    promote._SETTLED.unlink()
    assert promote.promote() == first
    assert (versions(), champion(), shown()) == (["1", "2"], "2", verdict)


def _moved() -> None:
    client().set_registered_model_alias(NAME, "champion", "1")


def _nobody() -> None:
    client().delete_registered_model_alias(NAME, "champion")


def _anew() -> None:
    client().delete_registered_model_alias(NAME, "champion")
    client().delete_model_version(NAME, "2")


@pytest.mark.parametrize(
    ("change", "said", "now"),
    [
        (_moved, "Version 2 is the champion in place of version 1. fd_pixels is 900", "2"),
        (_nobody, "Version 2 is the champion. There was no champion to compare it with.", "2"),
        (_anew, "Version 3 is the champion. There was no champion to compare it with.", "3"),
    ],
)
def test_who_is_champion_is_asked_and_not_remembered(studio: Path, change: Any, said: str, now: str) -> None:
    """The alias was moved or deleted by hand, or the version is gone: the model is judged again, as the registry is now."""
    for number, value in ((1, 1000.0), (2, 900.0)):
        made(number, value)
        promote.promote()
    change()
    assert promote.promote().startswith(said)
    assert champion() == now


def test_the_verdict_that_is_told_again_is_the_one_on_this_model(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one was looked at in between, and is not judged yet: that does not make its verdict this one's."""
    made(1, 1000.0)
    first, verdict = promote.promote(), shown()
    with monkeypatch.context() as broken:
        broken.setattr(promote, "_judged", lambda *_: ({}, "nothing answers"))
        made(2, 1100.0)
        assert promote.promote().startswith("Model ")
    shutil.rmtree(candidates.waiting()[0])
    made(1, 1000.0)
    assert promote.promote() == f"Nothing new. {first}"
    assert shown() == verdict


def test_a_model_that_was_scored_anew_is_the_same_version(studio: Path) -> None:
    """Other scores of the champion make no second version of it; it has both."""
    made(1, 1000.0)
    promote.promote()
    made(1, 800.0, reference_digest="e" * 32)
    assert promote.promote().startswith("Version 1 is the champion.")
    assert versions() == ["1"]
    found = registry().champion()
    assert found is not None
    assert len([key for key in found.tags if key.startswith("atelier.scores.")]) == 2


def test_changed_knobs_are_a_reason_to_ask_again(studio: Path) -> None:
    """What was not enough for two standard errors is enough for one."""
    made(1, 1000.0)
    promote.promote()
    made(2, 993.0)
    promote.promote()
    assert champion() == "1"
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("errors: 2.0", "errors: 1.0"))
    promote.promote()
    assert champion() == "2"


def test_the_models_of_a_training_are_registered_from_its_run(studio: Path) -> None:
    """Where the record of the training holds the generator the version points at that run, and nothing is logged twice."""
    made(1, 1000.0)
    recorder._keep(a_record(step="train", writes=[places.MODEL], model=places.MODEL), rebuilt=False)  # and not sent yet
    promote.promote()
    (run,) = runs()
    version = client().get_model_version(NAME, "1")
    (output,) = run.outputs.model_outputs
    assert (version.run_id, version.source) == (run.info.run_id, f"models:/{output.model_id}")
    assert run.info.run_name == "train"


def test_the_flows_run_bears_the_verdict(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run under which the steps put theirs has a tag with the sentence."""
    parent = worker.open_parent("nightly", {})
    monkeypatch.setenv(store.PARENT, parent)
    made(1, 1000.0)
    said = promote.promote()
    flow = client().get_run(parent)
    assert flow.data.tags["atelier.promotion"] == said


def test_rolling_back_goes_one_champion_further_each_time(studio: Path) -> None:
    """The third to the second to the first; before that there is none, which is an error, and nothing changes."""
    for seed, value in ((1, 1000.0), (2, 900.0), (3, 800.0)):
        made(seed, value)
        promote.promote()
    assert promote.rollback().startswith("Rolled back from version 3 to version 2.")
    assert champion() == "2"
    assert shown()["reasons"] == ["Rolled back from version 3 to version 2."]
    assert promote.rollback().startswith("Rolled back from version 2 to version 1.")
    with pytest.raises(AtelierError, match=r"expected a former champion to roll back to, found none before version 1"):
        promote.rollback()
    assert champion() == "1"


def test_a_deleted_version_is_passed_over(studio: Path) -> None:
    """The way back leads to one that is there, and says which was not."""
    for seed, value in ((1, 1000.0), (2, 900.0), (3, 800.0)):
        made(seed, value)
        promote.promote()
    client().delete_model_version(NAME, "2")
    assert "from version 3 to version 1. Passed over, for it was deleted: version 2." in promote.rollback()
    assert champion() == "1"


def test_the_same_weights_with_another_card_stay_rolled_back(studio: Path) -> None:
    """Its folder is another one for DVC, and it becomes a version of its own; but it is the same model."""
    made(1, 1000.0)
    promote.promote()
    made(2, 900.0)
    promote.promote()
    promote.rollback()
    made(2, 500.0)
    (places.MODEL / "README.md").write_text("a card in other words")
    assert promote.promote().startswith("Version 3 does not become the champion; version 1 stays. It was rolled back from (")
    assert champion() == "1"


def test_a_wish_that_comes_while_others_are_judged_waits_and_is_not_lost(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written under the hands of the one who judges: whoever comes then waits, and says so when it takes too long."""
    made(1, 1000.0)
    monkeypatch.setattr(candidates, "WAIT", 0.2)
    candidates.QUEUE.mkdir(parents=True)
    with FileLock(candidates.LOCK), pytest.raises(AtelierError, match=r"nothing is lost: run `python -m tasks\.promote` again"):
        promote.promote(force=True)
    assert waiting() == 0
    assert promote.promote(force=True).startswith("Version 1 is the champion")


def test_a_model_that_is_taken_away_before_it_is_kept_is_a_sentence(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training began meanwhile: DVC removes the model first. Nothing waits half, and the next one is judged."""
    made(1, 1000.0)
    monkeypatch.setattr(candidates, "FileLock", lambda *_, **__: _Taken(places.MODEL))
    with pytest.raises(
        AtelierError, match=r"model\.json: expected the model to stay until it is registered, found it taken away"
    ):
        promote.promote(force=True)
    assert waiting() == 0


class _Taken:
    """A lock that comes when what it guards has gone."""

    def __init__(self, model: Path) -> None:
        self.model = model

    def __enter__(self) -> None:
        self.model.rename(self.model.with_name("gone"))

    def __exit__(self, *_: object) -> None:
        self.model.with_name("gone").rename(self.model)


def test_there_is_nothing_to_roll_back_without_a_champion(studio: Path) -> None:
    """An empty registry: one sentence, exit code 2, no traceback."""
    with pytest.raises(AtelierError, match="expected a champion to roll back from, found none"):
        promote.rollback()


def test_what_was_rolled_back_from_does_not_come_back_by_itself(studio: Path) -> None:
    """The next night trains the same model, better than the champion as it was: it stays out. Another one that is better gets in,
    and force brings the first one back."""
    made(1, 1000.0)
    promote.promote()
    made(2, 900.0)
    promote.promote()
    promote.rollback()
    said = promote.promote()
    assert said.startswith("Version 2 does not become the champion; version 1 stays. It was rolled back from (")
    assert "python -m tasks.promote --force" in said
    made(2, 700.0, error=2.0)
    assert "does not become the champion" in promote.promote()
    assert champion() == "1"
    made(3, 950.0)
    promote.promote()
    assert champion() == "3"
    made(2, 900.0)
    assert promote.promote(force=True).startswith("Version 2 is the champion in place of version 3. Forced by hand")
    version = registry().champion()
    assert version is not None
    assert (version.number, WITHDRAWN in version.tags) == ("2", False)
    assert promote.rollback().startswith("Rolled back from version 2 to version 3.")


def test_force_overrules_a_closed_gate(studio: Path) -> None:
    """A person may have reasons; what the scores say stands beside it."""
    made(1, 1000.0)
    scores = json.loads(places.SCORES.read_text())
    scores["coverage"]["value"] = 0.0
    places.SCORES.write_text(json.dumps(scores))
    assert "it has collapsed" in promote.promote()
    assert (versions(), champion()) == (["1"], None)
    said = promote.promote(force=True)
    assert said.startswith("Version 1 is the champion. Forced by hand, whatever the scores say. coverage is 0")
    assert champion() == "1"


def test_candidates_wait_for_the_registry_and_are_judged_in_their_order(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing answers they are kept, a line says so without credentials; afterwards the oldest is judged first."""
    host = _away(monkeypatch)
    for seed, value in ((1, 1000.0), (2, 900.0), (2, 900.0), (3, 950.0)):
        made(seed, value)
        said = promote.promote()
        assert "has not taken it (nothing answers). It is kept in .runs/promote/" in said
        assert host in said
        assert not any(secret in said + str(shown()) for secret in ("anna", "s3cr3t", "t0k3n"))
    assert waiting() == 3
    assert shown()["promoted"] is False
    monkeypatch.delenv(store.URI)
    made(4, 990.0)  # the model's folder holds another one by now
    lines = promote.promote().splitlines()
    assert [line.split(".")[0] for line in lines] == [
        "Version 1 is the champion",
        "Version 2 is the champion in place of version 1",
        "Version 3 does not become the champion; version 2 stays",
        "Version 4 does not become the champion; version 2 stays",
    ]
    assert waiting() == 0


def test_a_store_that_fails_in_the_middle_loses_nothing(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks in every call there is, once; the same command again completes it, with one version and one move."""
    made(1, 1000.0)
    promote.promote()
    made(2, 900.0)
    broken = []
    for method in (
        "log_artifacts",
        "create_model_version",
        "set_model_version_tag",
        "set_registered_model_tag",
        "set_registered_model_alias",
        "update_model_version",
    ):
        real = getattr(mlflow.MlflowClient, method)

        def breaking(*arguments: Any, _real: Any = real, _method: str = method, **named: Any) -> Any:
            _real(*arguments, **named)
            monkeypatch.setattr(mlflow.MlflowClient, _method, _real)
            broken.append(_method)
            raise ConnectionError("the line is dead")

        monkeypatch.setattr(mlflow.MlflowClient, method, breaking)
    said = [promote.promote() for _ in range(7)]
    assert len(broken) == 6
    assert "the line is dead" in said[0]
    assert said[-1].startswith("Version 2 is the champion in place of version 1. fd_pixels is 900, the champion's 1000")
    assert (versions(), champion(), registry().past(), waiting()) == (["1", "2"], "2", ["1"], 0)


def test_a_damaged_candidate_is_named_and_holds_nobody_up(studio: Path) -> None:
    """What cannot be read stays where it is; the next one is judged."""
    broken = candidates.QUEUE / "0000000000000-broken"
    broken.mkdir(parents=True)
    (broken / candidates.CARD).write_text("{")
    made(1, 1000.0)
    assert promote.promote().startswith("Version 1 is the champion")
    assert candidates.waiting() == [broken]


def test_a_model_and_scores_that_do_not_belong_together_are_refused(studio: Path) -> None:
    """The samples that were scored are of another model; no model; no scores: a sentence, nothing registered."""
    with pytest.raises(AtelierError, match="expected a trained model and its scores, found none here"):
        promote.promote()
    made(1, 1000.0)
    places.SAMPLES.mkdir(parents=True)
    (places.SAMPLES / "samples.json").write_text(json.dumps({"model": "0" * 64}))
    with pytest.raises(AtelierError, match="found those of another one; nothing was registered"):
        promote.promote()
    (places.SAMPLES / "samples.json").unlink()
    places.SCORES.write_text("{}")
    with pytest.raises(AtelierError, match="expected scores with value, standard_error"):
        promote.promote()
    places.SCORES.write_text("not")
    with pytest.raises(AtelierError, match="found no JSON"):
        promote.promote()
    assert waiting() == 0


def test_a_generator_that_cannot_be_traced_is_not_registered(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict says why; the queue goes on."""

    def untraceable(*_: Any, **__: Any) -> str:
        raise TypeError("data-dependent")

    monkeypatch.setattr("tasks.tracking.judge.log_generator", untraceable)
    made(1, 1000.0)
    said = promote.promote()
    assert "found one that cannot be traced (TypeError: data-dependent)" in said
    assert said.startswith("Model ")
    assert (versions(), waiting()) == ([], 0)


def test_an_alias_that_is_moved_by_hand_at_that_moment_is_noticed(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the move: decided anew against that one. After it: what the person did stands, and the verdict says so."""
    for seed, value in ((1, 1000.0), (2, 500.0)):
        made(seed, value)
        promote.promote()
    client().set_registered_model_alias(NAME, "champion", "1")
    made(3, 900.0)
    real = claims.Held.check

    def meddle(self: claims.Held) -> None:
        real(self)
        client().set_registered_model_alias(NAME, "champion", "2")

    monkeypatch.setattr(claims.Held, "check", meddle)
    assert promote.promote().startswith("Version 3 does not become the champion; version 2 stays. fd_pixels is 900, the")
    monkeypatch.setattr(claims.Held, "check", real)
    made(4, 100.0)
    move = mlflow.MlflowClient.set_registered_model_alias

    def overruled(self: mlflow.MlflowClient, name: str, alias: str, version: str) -> None:
        move(self, name, alias, version)
        move(self, name, alias, "1")

    monkeypatch.setattr(mlflow.MlflowClient, "set_registered_model_alias", overruled)
    said = promote.promote()
    assert said.startswith("Version 4 does not become the champion; version 1 stays.")
    assert "at the same moment somebody made version 1 the champion, and that stands" in said


def test_the_dead_hold_nobody_up(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim of a process of this machine that was killed counts no more; one of another machine is watched for a while."""
    made(1, 1000.0)
    promote.promote()
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    dead = json.dumps({"host": "here", "pid": process.pid, "place": claims._place(), "turn": 0})
    elsewhere = json.dumps({"host": "there", "pid": os.getpid(), "place": "another boot pid:[1]", "turn": 0})
    monkeypatch.setattr(claims, "LEASE", 1.0)
    for name, holder in (("000", dead), ("001", elsewhere)):
        client().set_registered_model_tag(NAME, claims.PREFIX + name, holder)
    made(2, 900.0)
    promote.promote()
    assert champion() == "2"
    assert not [key for key in client().get_registered_model(NAME).tags if key.startswith(claims.PREFIX)]
