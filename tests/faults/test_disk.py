"""A disk that fills up, for real: a small file system of its own, and a file that takes what is left of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Workspace, copy_project
from ledger import Ledger
from trainings import TRAIN, checkpoints, learnt, model_of, wait_for_checkpoint, with_pictures


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A training that nothing befell."""
    workspace = with_pictures(copy_project(tmp_path_factory.mktemp("whole") / "atelier"))
    workspace.run(*TRAIN)
    return workspace


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB; skips where none may be mounted."""
    place = tmp_path / "small"
    place.mkdir()
    if shutil.which("mount") is None or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "small", place]).returncode:
        pytest.skip("no file system may be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(place: Path, leave: int = 0) -> Path:
    """Take what is left but for so many bytes."""
    path = place / "filler"
    with path.open("wb") as stream, suppress(OSError):
        left = shutil.disk_usage(place).free - leave
        os.posix_fallocate(stream.fileno(), 0, max(4096, left))
    return path


def litter(place: Path) -> list[str]:
    """What is left half written."""
    return [path.name for path in place.rglob(".*") if path.name.endswith(".partial") or ".tmp" in path.name]


def test_a_training_on_a_disk_that_fills_up(workspace: Workspace, small: Path, whole: Workspace, ledger: Ledger) -> None:
    """It stops with a sentence; the last checkpoint is whole, nothing is left half written; with room again it goes on to the
    same bits."""
    with_pictures(workspace)
    (workspace.folder / ".runs").symlink_to(small)
    process = workspace.start(*TRAIN)
    wait_for_checkpoint(workspace, process)
    filler = fill(small)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    assert "Traceback" not in output
    assert "space" in output or "could not be written" in output
    assert checkpoints(workspace)
    assert litter(small) == []
    filler.unlink()
    assert "Goes on from the checkpoint" in workspace.run(*TRAIN)
    assert model_of(workspace) == model_of(whole)
    assert learnt(workspace) == learnt(whole)
    ledger.add(
        "the disk full in the middle of a training", lost="the steps since the last checkpoint", found="a sentence that says so"
    )


@pytest.mark.parametrize("step", ["sample", "collect"])
def test_a_step_on_a_full_disk_leaves_what_was_there(
    step: str, workspace: Workspace, small: Path, whole: Workspace, ledger: Ledger
) -> None:
    """One sentence, no half of a folder; with room again the same command works."""
    shutil.copytree(whole.folder / "artifacts" / "model", workspace.folder / "artifacts" / "model")
    out = workspace.folder / ("artifacts/samples" if step == "sample" else "build")
    out.parent.mkdir(exist_ok=True)
    parent = out.parent if step == "sample" else out
    if step == "sample":
        shutil.copytree(parent, small, dirs_exist_ok=True)
        shutil.rmtree(parent)
    parent.symlink_to(small)
    filler = fill(small, leave=8192)
    output = workspace.run(sys.executable, "-m", f"tasks.{step}", code=2)
    assert "no space is left" in output
    assert "Traceback" not in output
    assert litter(small) == []
    filler.unlink()
    workspace.run(sys.executable, "-m", f"tasks.{step}")
    ledger.add(f"the disk full at the step {step}", found="a sentence that says so; the same command goes on")
