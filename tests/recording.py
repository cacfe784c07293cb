"""What the tests of the record share: a project's folder with a store of its own, and questions to that store."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from tasks.record import Record
from tasks.tracking import store


@functools.cache
def empty_database() -> Path:
    """A SQLite store with its tables, made once: that takes 6 s."""
    path = Path(tempfile.mkdtemp(prefix="atelier-store-")) / "mlflow.db"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@functools.cache
def empty_prefect() -> Path:
    """The home of a Prefect server with the tables of its database, made once: that takes 6 s of a processor's time."""
    home = Path(tempfile.mkdtemp(prefix="atelier-prefect-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
    others = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    subprocess.run(command, env={**others, "PREFECT_HOME": str(home)}, cwd=home, capture_output=True, check=True)
    return home


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, the current folder, with an empty store and a blank in its path."""
    folder = tmp_path / "a project"
    (folder / ".mlflow").mkdir(parents=True)
    shutil.copyfile(empty_database(), folder / ".mlflow" / "mlflow.db")
    monkeypatch.chdir(folder)
    for name in (store.URI, store.PARENT):
        monkeypatch.delenv(name, raising=False)
    return folder


def runs(step: str | None = None) -> list[Run]:
    """The runs of the experiment, of one step or all, the oldest first."""
    client = MlflowClient(store.uri())
    found = client.get_experiment_by_name(store.EXPERIMENT)
    every = client.search_runs([found.experiment_id], order_by=["start_time ASC"]) if found else []
    return [run for run in every if step is None or run.data.tags.get("atelier.step") == step]


def curve(run: Run, key: str) -> list[tuple[int, float]]:
    """The points (step, value) of a curve, as often as the store has them."""
    history = MlflowClient(store.uri()).get_metric_history(run.info.run_id, key)
    return sorted((point.step, point.value) for point in history)


def files(run: Run, folder: str | None = None) -> list[str]:
    """The paths of the artefacts directly in `folder`."""
    return [item.path for item in MlflowClient(store.uri()).list_artifacts(run.info.run_id, folder)]


def picture_steps(run: Run) -> list[int]:
    """The steps of the image slider, as often as there are pictures."""
    names = [name for name in files(run, "images") if name.endswith(".png")]
    return sorted(int(name.split("+")[2]) for name in names)


def append(history: Path, *kimgs: float, **values: Any) -> None:
    """Append the lines of a training to its history, as it does: the loss at `kimg` is its square."""
    history.parent.mkdir(parents=True, exist_ok=True)
    with history.open("a") as stream:
        for kimg in kimgs:
            line = {"kimg": kimg, "images": round(1000 * kimg), "loss_g": kimg**2, "time/images_per_second": 80.0}
            stream.write(json.dumps({**line, **values}) + "\n")


def picture(path: Path, size: int = 32) -> Path:
    """A picture file."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (size, size), "navy").save(path)
    return path


def a_record(number: int = 1, **more: Any) -> Record:
    """The record of a step that wrote `out/<number>.json` from a data set of 10 pictures."""
    dataset = Path("artifacts/dataset")
    dataset.mkdir(parents=True, exist_ok=True)
    info = {"digest": "5" * 32, "size": 32, "channels": 3, "train": 8, "heldout": 2}
    (dataset / "dataset.json").write_text(json.dumps(info))
    Path("out").mkdir(exist_ok=True)
    result = Path(f"out/{number}.json")
    result.write_text(json.dumps({"number": number}))
    given = {"step": "sample", "params": {"sample": {"seed": number, "sizes": [1, 2]}}, "metrics": {"score": 0.5}}
    return Record(**{**given, "files": [result], "reads": [dataset], "writes": [result], **more})


def in_new_process(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run Python code in a process of its own in the current folder."""
    root = str(Path(__file__).parents[1])
    whole = {**os.environ, "PYTHONPATH": root, **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=whole, timeout=120)
