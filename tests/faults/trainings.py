"""A tiny project in which `python -m tasks.train` takes seconds, and what one looks at when it was disturbed."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from conftest import Workspace
from test_evaluate import store

from ganlib.training import checkpoint
from ganlib.training.history import read, without_clock

TRAIN = (sys.executable, "-m", "tasks.train")


def with_pictures(workspace: Workspace, **knobs: Any) -> Workspace:
    """A data set of 60 pictures in the place where curating would leave one, and a training of some seconds on it."""
    dice = np.random.default_rng(0)
    pictures = dice.integers(0, 256, (60, 16, 16, 3), dtype=np.uint8)
    store(workspace.folder / "artifacts" / "dataset", pictures[:50], pictures[50:])
    intervals = {"kimg": 2.4, "batch": 16, "log_kimg": 0.16, "sample_kimg": 0.8, "checkpoint_kimg": 0.16}
    network = {"name": "dcgan", "latent": 8, "width": 8}
    method = {"name": "gan", "network": network, "objective": "nonsaturating", "penalties": {"r1": 0.2}}
    workspace.change("train", **{**intervals, "fast": False, "precision": "float32", "threads": 1, "method": method, **knobs})
    return workspace


def run_folder(workspace: Workspace) -> Path:
    """The only run's folder."""
    (found,) = (path.parent for path in (workspace.folder / ".runs").glob("*/run.json"))
    return found


def wait_for_checkpoint(workspace: Workspace, process: "subprocess.Popen[str]", images: int = 320) -> None:
    """Until so many pictures lie in a checkpoint."""
    deadline = time.monotonic() + 120
    while not any(int(path.name) >= images for path in (workspace.folder / ".runs").glob("*/checkpoints/[0-9]*")):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.02)


def checkpoints(workspace: Workspace) -> list[Path]:
    """The run's checkpoints, the oldest first."""
    return sorted((run_folder(workspace) / "checkpoints").glob("[0-9]*"))


def model_of(workspace: Workspace) -> dict[str, bytes]:
    """The published model, a file a name."""
    model = workspace.folder / "artifacts" / "model"
    return {path.relative_to(model).as_posix(): path.read_bytes() for path in sorted(model.rglob("*.*"))}


def learnt(workspace: Workspace) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """All bits of the last checkpoint, and the history but for times."""
    folder = run_folder(workspace)
    found = checkpoint.load_latest(folder / "checkpoints")
    assert found is not None
    return {name: tensor.numpy().tobytes() for name, tensor in found[1].items()}, without_clock(read(folder / "history.jsonl"))


def resumed_at(output: str) -> float:
    """At how many thousand pictures it says that it went on."""
    found = re.search(r"Goes on from the checkpoint at ([0-9.]+) kimg", output)
    assert found, output
    return float(found.group(1))


def rewrite_json(path: Path, **values: Any) -> None:
    """Change some values of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
