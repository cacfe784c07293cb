"""A disk that fills up, for real: a small file system of its own, and a file that takes what is left of it."""

import os
import re
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


@pytest.mark.drill
def test_a_training_on_a_disk_that_fills_up(workspace: Workspace, small: Path, whole: Workspace, ledger: Ledger) -> None:
    """It stops with a sentence; the last checkpoint is whole, nothing is left half written; with room again it goes on to the
    same bits."""
    with_pictures(workspace.tell())
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


def test_a_disk_that_is_too_small_is_found_out_before(workspace: Workspace, small: Path, ledger: Ledger) -> None:
    """Where the checkpoints will not fit nothing is learnt in vain: a sentence with what is needed and what is free."""
    with_pictures(workspace)
    (workspace.folder / ".runs").symlink_to(small)
    fill(small, leave=300_000)
    output = workspace.run(*TRAIN, code=2)
    assert re.search(r"expected \d\.\d MB free for checkpoints, found 0\.\d; nothing was started\. Make room", output), output
    assert "Traceback" not in output
    assert list(small.glob("*/checkpoints/*")) == []
    ledger.add("a disk with less room than the checkpoints will need", found="a sentence with both numbers; nothing is started")


@pytest.mark.parametrize("step", ["train", "sample", "collect"])
def test_a_place_that_may_not_be_written_to(
    step: str, workspace: Workspace, small: Path, whole: Workspace, ledger: Ledger
) -> None:
    """A file system that is read only, under the folder that the step writes to: one sentence that names it."""
    if step == "sample":
        shutil.copytree(whole.folder / "artifacts" / "model", small / "model")
    elif step == "train":
        with_pictures(workspace)
    place = workspace.folder / {"train": ".runs", "sample": "artifacts", "collect": "build"}[step]
    place.symlink_to(small)
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    output = workspace.run(sys.executable, "-m", f"tasks.{step}", code=2)
    assert re.search(rf"error: {place.name}\S*: expected to be allowed to read and write here, and am not", output), output
    assert "Traceback" not in output
    ledger.add(f"a read-only place for the step {step}", found="a sentence that names it; nothing is started")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can become somebody else")
def test_a_folder_of_somebody_else(workspace: Workspace, tmp_path: Path, ledger: Ledger) -> None:
    """Whoever may not write there is told so, and changes nothing."""
    for path in (*tmp_path.parents, tmp_path):
        if path.owner() == "root" and path.is_relative_to("/tmp/"):  # noqa: S108
            path.chmod(0o755)
    other = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    if subprocess.run([*other, sys.executable, "-c", "import numpy"], cwd="/").returncode:
        pytest.skip("nobody may run this interpreter here")
    output = workspace.run(*other, sys.executable, "-m", "tasks.collect", code=2, HOME="/nonexistent")
    assert "expected to be allowed to read and write here, and am not" in output
    assert "Traceback" not in output
    ledger.add("a folder that belongs to somebody else", found="a sentence that names it; nothing is changed")
