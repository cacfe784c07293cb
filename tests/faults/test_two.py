"""Two of a kind at once in one folder: one works, the other is told by whom, and one that died holds nothing."""

import json
import os
import re
import signal
import sys
import time

import pytest
from conftest import Workspace, copy_project
from ledger import Ledger
from trainings import TRAIN, checkpoints, model_of, run_folder, wait_for_checkpoint, with_pictures


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A training that had its folder to itself."""
    workspace = with_pictures(copy_project(tmp_path_factory.mktemp("whole") / "atelier"), kimg=9.6)
    workspace.run(*TRAIN)
    return workspace


def test_two_trainings_of_one_run(workspace: Workspace, whole: Workspace, ledger: Ledger) -> None:
    """The second is told the first one's process and since when; the first is not disturbed. Once that is killed, the same
    command goes on, and ends with the same bits.

    The first is held while the second starts, however long that takes: else it might be through by then.
    """
    with_pictures(workspace, kimg=9.6)
    first = workspace.start(*TRAIN)
    wait_for_checkpoint(workspace, first)
    first.send_signal(signal.SIGSTOP)
    there = int(checkpoints(workspace)[-1].name)
    output = workspace.run(*TRAIN, code=2)
    told = re.search(r"process (\d+) \(since (\S+)\) trains this very run already; nothing was started", output)
    assert told, output
    assert int(told.group(1)) == first.pid
    assert "Traceback" not in output
    first.send_signal(signal.SIGCONT)
    wait_for_checkpoint(workspace, first, there + 160)
    first.kill()
    first.communicate()
    assert "Goes on from the checkpoint" in workspace.run(*TRAIN)
    assert model_of(workspace) == model_of(whole)
    ledger.add(
        "two trainings of one run at once; then the first is killed", found="the second names process and time; then it works"
    )


@pytest.mark.drill
def test_a_number_that_is_another_process_by_now_holds_nothing(workspace: Workspace, whole: Workspace, ledger: Ledger) -> None:
    """The holder's file of one that died names a process that lives, but is another: the lock is the system's, and free."""
    with_pictures(workspace, kimg=9.6)
    first = workspace.start(*TRAIN)
    wait_for_checkpoint(workspace, first)
    first.kill()
    first.communicate()
    holder = run_folder(workspace) / "lock.json"
    holder.write_text(json.dumps({**json.loads(holder.read_text()), "pid": os.getpid()}))
    workspace.run(*TRAIN)
    assert model_of(workspace) == model_of(whole)
    assert not holder.exists()
    ledger.add(
        "a dead holder whose process number is another's by now", found="its lock is free: the system holds locks, not files"
    )


@pytest.mark.drill
def test_two_repros_wait_for_each_other(workspace: Workspace, whole: Workspace, ledger: Ledger) -> None:
    """The second waits for the first, or says who works; both end, and the model is that of one."""
    with_pictures(workspace, kimg=9.6)
    path = {"PATH": f"{os.path.dirname(TRAIN[0])}:{os.environ['PATH']}"}
    command = (TRAIN[0], "-m", "dvc", "repro", "--single-item", "train")
    first = workspace.start(*command, **path)
    wait_for_checkpoint(workspace, first)
    second = workspace.run(*command, code=None, **path)
    output, _ = first.communicate(timeout=120)
    assert first.returncode == 0, output
    assert "Traceback" not in second
    assert model_of(workspace) == model_of(whole)
    assert "didn't change" in workspace.run(*command, **path)
    ledger.add("two `dvc repro` at once", found="one works; the other waits, or says that the first holds the step")


@pytest.mark.drill
def test_two_curatings(workspace: Workspace, ledger: Ledger) -> None:
    """The second is told the first one's process, be it early or late; the first ends as if it had been alone."""
    workspace.change("collect", number=3000)
    workspace.python("-m", "tasks.collect")
    (workspace.folder / "data").symlink_to(workspace.folder / "build" / "raw")
    first = workspace.start(sys.executable, "-m", "tasks.curate")
    deadline = time.monotonic() + 60
    while not (workspace.folder / ".runs/curate/lock.json").exists():
        assert time.monotonic() < deadline
        assert first.poll() is None
        time.sleep(0.02)
    for _ in range(3):
        output = workspace.python("-m", "tasks.curate", code=2)
        assert f"artifacts/dataset: process {first.pid} is writing here now. Nothing was done; wait for it to end." in output
    output, _ = first.communicate(timeout=120)
    assert first.returncode == 0, output
    ledger.add("two curatings at once", found="the second names the process; the first is not disturbed")


def test_two_lectures(workspace: Workspace, ledger: Ledger) -> None:
    """Their pages and figures would be mixed: the second is told who writes them."""
    code = (
        "import time; from pathlib import Path; from ganlib.alone import alone\n"
        "with alone(Path('.runs/lecture.lock'), str): time.sleep(60)"
    )
    first = workspace.start(sys.executable, "-c", code)
    deadline = time.monotonic() + 30
    while not (workspace.folder / ".runs/lecture.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    output = workspace.python("-m", "tasks.lecture", code=2)
    first.kill()
    first.communicate()
    assert f"docs/lecture.md: process {first.pid} (since " in output
    assert "writes it already; nothing was done" in output
    assert "expected" in workspace.python("-m", "tasks.lecture", code=2)  # now it gets as far as there being no comparison
    ledger.add("two lectures at once; then the first is killed", found="the second names process and time; then it works")
