"""Tidying up: what the policy lets go goes, and nothing that anything still names."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT, Workspace
from drawing import pixels
from filelock import FileLock
from mlflow import MlflowClient
from recording import project, runs
from test_evaluate import store as dataset

from ganlib.config import Params, load
from ganlib.keep import KeepConfig
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.store import Store
from ganlib.training.config import TrainConfig
from ganlib.training.publish import train
from tasks import places, tidy
from tasks.record import Record, publish
from tasks.tracking import spool, store
from tasks.tracking.registry import Registry

__all__ = ["project"]

TINY = TrainConfig(Gan(network=Dcgan(width=4, latent=4)), kimg=0.02, batch=10, log_kimg=0.02, sample_kimg=0.02, threads=1)


@pytest.fixture
def nights(project: Path) -> tuple[Params, list[Path]]:
    """Parameters, and the folders of six trainings, the oldest first, which differ in their seeds; the first is the described."""
    shutil.copy(PROJECT / "params.yaml", project)
    params = replace(load(), train=TINY, keep=KeepConfig(runs=2))
    dataset(places.DATASET, *np.split(np.stack([pixels(seed, 16) for seed in range(45)]), [40]))
    pictures = Store.open(places.DATASET)
    folders = [train(pictures, replace(TINY, seed=seed), places.MODEL, places.RUNS).run for seed in range(6)]
    for age, folder in enumerate(reversed(folders)):
        for path in (folder, *folder.glob("*.json*")):
            os.utime(path, (time.time() - 1000 * age,) * 2)
    return params, folders


def test_superseded_runs_go_but_the_described_the_locked_and_the_untold_stay(nights: tuple[Params, list[Path]]) -> None:
    """Six trainings, two to be kept: of the others three are protected, however old, and one goes."""
    params, folders = nights
    described, locked, untold, gone, *last = folders
    entry = spool.Entry("train", {}, {})
    spool.write(entry, untold / spool.LIVE)
    with FileLock(locked / "lock"):
        said = tidy.tidy(params)
    assert [path for path in folders if not path.exists()] == [gone]
    assert all(path.exists() for path in (described, locked, untold, *last))
    assert len(said) == 1
    assert str(gone) in said[0]
    assert tidy.tidy(params)[0].startswith(str(locked))  # nobody holds it any more


def test_what_runs_may_take_up_together_is_bounded(nights: tuple[Params, list[Path]]) -> None:
    """With room for none, only the one that the parameters describe stays."""
    params, folders = nights
    tidy.tidy(replace(params, keep=KeepConfig(runs=100, run_gigabytes=0.0)))
    assert [path for path in folders if path.exists()] == folders[:1]


def test_without_a_data_set_no_run_is_touched(nights: tuple[Params, list[Path]]) -> None:
    """Nobody can say then which one the parameters describe; that is told."""
    params, folders = nights
    shutil.rmtree(places.DATASET)
    [said] = tidy.tidy(replace(params, keep=KeepConfig(runs=0)))
    assert said.startswith("Not all could be tidied up")
    assert all(path.exists() for path in folders)


def test_old_litter_goes_and_logs_keep_their_end(project: Path) -> None:
    """What was written today may still be somebody's."""
    shutil.copy(PROJECT / "params.yaml", project)
    params = replace(load(), keep=KeepConfig(days=1.0, log_megabytes=0.01))
    old, new = places.RUNS / ".old.partial", places.RUNS / ".new.partial"
    for path in (old, new):
        path.mkdir(parents=True)
    os.utime(old, (time.time() - 2 * 86400,) * 2)
    log = tidy.SERVICES / "mlflow.log"
    log.parent.mkdir()
    log.write_text("".join(f"line {number}\n" for number in range(2000)))
    said = tidy.tidy(params)
    assert (old.exists(), new.exists(), len(said)) == (False, True, 2)
    lines = log.read_text().splitlines()
    assert log.stat().st_size <= 5000
    assert lines[-1] == "line 1999"
    assert lines[0].startswith("line ")


def test_runs_deleted_long_ago_go_for_good_others_stay(project: Path) -> None:
    """A run that a person deleted in MLflow: kept for the days that are stated, then gone; others are not touched."""
    shutil.copy(PROJECT / "params.yaml", project)
    for number in range(2):
        publish(Record("collect", {"number": number}, {"pictures": 3.0}))
    kept, deleted = runs("collect")
    client = MlflowClient(store.uri())
    client.delete_run(deleted.info.run_id)
    assert tidy.tidy(load()) == []
    assert client.get_run(deleted.info.run_id).info.lifecycle_stage == "deleted"
    assert tidy.tidy(replace(load(), keep=KeepConfig(days=0.0))) == [
        ".mlflow/mlflow.db: 1 runs removed that were deleted more than 0 days ago."
    ]
    with pytest.raises(Exception, match="not found"):
        client.get_run(deleted.info.run_id)
    assert client.get_run(kept.info.run_id).info.lifecycle_stage == "active"


@pytest.mark.drill
def test_no_run_goes_while_mlflows_command_would_take_more_than_it_is_told_to(project: Path) -> None:
    """It takes deleted experiments and logged models along, the champion's files with them: that is said, and nothing goes."""
    shutil.copy(PROJECT / "params.yaml", project)
    params = replace(load(), keep=KeepConfig(days=0.0))
    publish(Record("collect", {"number": 1}, {"pictures": 3.0}))
    client, [deleted] = MlflowClient(store.uri()), runs("collect")
    client.delete_run(deleted.info.run_id)
    other = client.create_experiment("tried out")
    champion = client.create_run(other).info.run_id
    client.log_text(champion, "weights", "published/weights")
    model = client.create_logged_model(other, name="generator", source_run_id=champion)
    client.finalize_logged_model(model.model_id, "READY")
    Registry(client)
    client.create_model_version("generator", f"models:/{model.model_id}", champion, model_id=model.model_id)
    client.delete_experiment(other)
    [said] = tidy.tidy(params)
    assert "expected to remove only runs that were deleted, found that the experiment tried out is deleted, too" in said
    assert said.endswith("Restore it in MLflow, or remove it for good by `mlflow gc --experiment-ids`.")
    client.restore_experiment(other)
    client.delete_logged_model(model.model_id)
    [said] = tidy.tidy(params)
    assert "found that the logged model of generator, version 1, is deleted, too" in said
    assert client.get_run(deleted.info.run_id).info.lifecycle_stage == "deleted"
    assert [item.path for item in client.list_artifacts(champion, "published")] == ["published/weights"]
    client.delete_model_version("generator", "1")
    [said] = tidy.tidy(params)
    assert said.endswith("mlflow.db: 1 runs removed that were deleted more than 0 days ago.")
    assert client.get_run(champion).info.lifecycle_stage == "active"


@pytest.fixture
def too_much(project: Path) -> Params:
    """A cache in a git of its own that has more in it than is kept, and nothing that is named."""
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(command, check=True)
    unnamed = project / ".dvc/cache/files/md5/00/0123456789abcdef0123456789abcd"
    unnamed.parent.mkdir(parents=True)
    unnamed.write_bytes(bytes(1000))
    shutil.copy(PROJECT / "params.yaml", project)
    return replace(load(), keep=KeepConfig(cache_gigabytes=0.0))


def test_experiments_that_are_over_keep_no_cache_from_being_collected(too_much: Params) -> None:
    """DVC leaves a file of each that ended, and the folder of one that was killed; one where somebody works runs."""
    experiments = Path(".dvc/tmp/exps/standalone")
    (experiments / "run/0123").mkdir(parents=True)
    (experiments / "run/0123/0123.run").write_text("{}")
    folder = experiments / "tmpabc"
    (folder / "inside").mkdir(parents=True)
    alone = [".dvc/cache: 0.0 MB, left alone while an experiment runs."]
    assert tidy.tidy(too_much) == alone  # DVC fills it
    os.utime(folder, (time.time() - 3600,) * 2)
    with subprocess.Popen(["sleep", "600"], cwd=folder / "inside") as process:
        assert tidy.tidy(too_much) == alone
        process.kill()
    [said] = tidy.tidy(too_much)
    assert said == ".dvc/cache: 0.0 MB that nothing names removed, 0.0 MB stay."
    assert not list(Path(".dvc/cache").rglob("0123456789abcdef*"))


@pytest.mark.slow
def test_the_cache_keeps_what_a_commit_or_the_working_tree_names(chain: Workspace) -> None:
    """Three results: one in a commit, one that nothing names any more, one that lies here; beyond the size the second goes."""
    chain.dvc("repro")
    chain.commit()
    named = _model(chain)
    for kimg in (0.4, 0.5):
        before = _model(chain)
        chain.change("train", kimg=kimg)
        chain.dvc("repro")
    assert len({named, before, _model(chain)}) == 3
    assert chain.python("-m", "tasks.tidy").strip() == "Nothing to tidy up."
    chain.change("keep", cache_gigabytes=0)
    assert "that nothing names removed" in chain.python("-m", "tasks.tidy")
    cache = chain.folder / ".dvc/cache/files/md5"
    assert [(cache / one[:2] / f"{one[2:]}.dir").exists() for one in (named, before, _model(chain))] == [True, False, True]
    assert " done by " not in chain.dvc("repro", "train", "sample", "evaluate")


def test_what_was_done_is_told_as_json_too(project: Path) -> None:
    """And nothing to do is an empty list."""
    shutil.copy(PROJECT / "params.yaml", project)
    workspace = Workspace(project, {"PYTHONPATH": str(PROJECT)})
    assert json.loads(workspace.run(sys.executable, "-m", "tasks.tidy", "--json")) == []


def _model(workspace: Workspace) -> str:
    """The digest of the model in dvc.lock."""
    return workspace.read("dvc.lock").partition("path: artifacts/model\n")[2].partition("md5: ")[2][:32]
