"""Processes that the system kills, as it does where memory ends: the one who waits for them says so, and nothing hangs."""

import sys
import time

import psutil
import pytest
from conftest import Workspace
from ledger import Ledger
from test_flow import ACTIVE
from trainings import model_of, wait_for_checkpoint, with_pictures

pytestmark = pytest.mark.slow


def test_a_process_that_draws_portraits(workspace: Workspace, ledger: Ledger) -> None:
    """One of the two that draw is killed: a sentence with its number, the other ends, and what was there before is whole."""
    workspace.change("collect", number=20_000)
    step = workspace.start(sys.executable, "-m", "tasks.collect")
    drawing, deadline = list[psutil.Process](), time.monotonic() + 60
    while len(drawing) < 2:
        assert time.monotonic() < deadline
        drawing = [one for one in psutil.Process(step.pid).children() if "spawn_main" in " ".join(one.cmdline())]
        time.sleep(0.05)
    time.sleep(2)
    drawing[0].kill()
    output, _ = step.communicate(timeout=60)
    assert step.returncode == 2
    assert f"found it killed (process {drawing[0].pid}), perhaps for want of memory; nothing was kept" in output
    assert "Traceback" not in output
    assert psutil.wait_procs(drawing, timeout=10)[1] == []
    assert not (workspace.folder / "build" / "raw").exists()
    ledger.add("kill -9 of a process that draws portraits", found="a stop that names it; nothing waits for ever")


def test_a_training_under_dvc(workspace: Workspace, ledger: Ledger) -> None:
    """`dvc repro` says what became of the step, and the same command goes on from its last checkpoint."""
    with_pictures(workspace)
    repro = workspace.start(sys.executable, "-m", "dvc", "repro", "--single-item", "train", **ACTIVE)
    wait_for_checkpoint(workspace, repro)
    (trainer,) = [
        one for one in psutil.Process(repro.pid).children(recursive=True) if one.cmdline()[1:3] == ["-m", "tasks.train"]
    ]
    trainer.kill()
    output, _ = repro.communicate(timeout=60)
    assert repro.returncode == 255
    assert "failed to reproduce 'train'" in output
    assert "exited with -9" in output or "exited with 137" in output, "the latter where the shell stays between the two"
    assert "Goes on from the checkpoint" in workspace.dvc("repro", "--single-item", "train")
    assert model_of(workspace)
    ledger.add("kill -9 of a training under `dvc repro`", found="DVC names step and signal; the same command goes on")
