"""Polite signals: the step is ended, a checkpoint written, the record closed; a second one leaves at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from conftest import Workspace, copy_project
from ledger import Ledger
from mlflow import MlflowClient
from test_flow import gone
from trainings import TRAIN, checkpoints, learnt, model_of, resumed_at, wait_for_checkpoint, with_pictures

POLITE = {signal.SIGTERM: 143, signal.SIGINT: 130}
interrupted = pytest.param(signal.SIGINT, marks=pytest.mark.drill)
polite = pytest.mark.parametrize("number", [signal.SIGTERM, interrupted], ids=lambda number: number.name)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A training that nobody stopped."""
    workspace = with_pictures(copy_project(tmp_path_factory.mktemp("whole") / "atelier"))
    workspace.run(*TRAIN)
    return workspace


def ended(process: "subprocess.Popen[str]", within: float) -> tuple[int, str]:
    """The code it ended with and what it said; fails where that took longer."""
    began = time.monotonic()
    output, _ = process.communicate(timeout=60)
    assert time.monotonic() - began < within, output
    return process.returncode, output


def trainer_of(parent: int) -> int:
    """The process number of the training somewhere below a process."""
    (found,) = (
        child.pid
        for child in psutil.Process(parent).children(recursive=True)
        if child.cmdline()[-2:] == ["-m", "tasks.train"] and "python" in child.name()
    )
    return found


def statuses(workspace: Workspace) -> list[str]:
    """Of the trainings that MLflow knows, the newest first."""
    client = MlflowClient(f"sqlite:///{workspace.folder / '.mlflow' / 'mlflow.db'}")
    known = [experiment.experiment_id for experiment in client.search_experiments()]
    return [run.info.status for run in client.search_runs(known)]


@polite
def test_a_polite_signal_ends_the_step_and_keeps_all(
    number: signal.Signals, workspace: Workspace, whole: Workspace, ledger: Ledger
) -> None:
    """Within ten seconds, by the usual exit code, with a checkpoint that is gone on from to the same bits, and a run KILLED.

    Where MLflow, which was asked for the first time moments before, is not up by then, a line says so and the record is sent
    by the command for it.
    """
    with_pictures(workspace.tell())
    process = workspace.start(*TRAIN)
    wait_for_checkpoint(workspace, process)
    process.send_signal(number)
    code, output = ended(process, within=10)
    assert code == POLITE[number], output
    assert "with a checkpoint; the same command goes on from there." in output
    assert "Traceback" not in output
    if "has not taken all of the training yet" in output:
        workspace.python("-m", "tasks.record")
    assert statuses(workspace) == ["KILLED"]
    stopped = int(checkpoints(workspace)[-1].name)
    output = workspace.run(*TRAIN)
    assert resumed_at(output) == round(stopped / 1000, 1)
    assert model_of(workspace) == model_of(whole)
    assert learnt(workspace) == learnt(whole)
    assert statuses(workspace) == ["FINISHED"]
    ledger.add(f"{number.name} to a training", found=f"exit code {code}; the record says KILLED; the same command goes on")


@pytest.mark.drill
@polite
def test_a_second_signal_leaves_at_once(number: signal.Signals, workspace: Workspace, whole: Workspace, ledger: Ledger) -> None:
    """Though a step takes for ever: within two seconds; the checkpoints that were there are whole, and it goes on from them."""
    with_pictures(workspace)
    slow = "import ganlib.training.batches as b, time, tasks.train as t; at = b.Batches.at\n"
    slow += "def later(*a):\n    if a[1] >= 480: open('slow', 'w'); time.sleep(60)\n    return at(*a)\n"
    slow += "b.Batches.at = later\nt.run(t.main)"
    process = workspace.start(sys.executable, "-c", slow)
    deadline = time.monotonic() + 120
    while not (workspace.folder / "slow").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    time.sleep(1)
    assert process.poll() is None, "the first one lets the step end"
    process.send_signal(number)
    code, output = ended(process, within=2)
    assert code in (-number, POLITE[number]), output
    assert "Traceback" not in output
    assert [int(path.name) for path in checkpoints(workspace)] == [320, 480]
    workspace.run(*TRAIN)
    assert model_of(workspace) == model_of(whole)
    lost = "the steps since the last checkpoint"
    ledger.add(f"{number.name} twice, in a step that does not end", lost=lost, found="it is gone")


@polite
def test_dvc_passes_a_signal_on(number: signal.Signals, workspace: Workspace, whole: Workspace, ledger: Ledger) -> None:
    """To `dvc repro` and all that it started, as a terminal does: no process stays, no lock stays, the training goes on."""
    with_pictures(workspace)
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", "--single-item", "--force", "train"],
        cwd=workspace.folder,
        env={**workspace.environment(), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_for_checkpoint(workspace, process)
    trainer = trainer_of(process.pid)
    os.killpg(process.pid, number)
    code, output = ended(process, within=20)
    assert code != 0, output
    assert gone(trainer, within=10)
    assert "with a checkpoint" in output
    output = workspace.dvc("repro", "--single-item", "--force", "train")
    assert "Goes on from the checkpoint" in output
    assert model_of(workspace) == model_of(whole)
    ledger.add(f"{number.name} to `dvc repro` and what it started", found="no process, no lock is left; the same command goes on")


@pytest.mark.parametrize("number", [*POLITE, signal.SIGKILL], ids=lambda number: number.name)
def test_sampling_leaves_no_half_of_a_folder(
    number: signal.Signals, workspace: Workspace, whole: Workspace, ledger: Ledger
) -> None:
    """Stopped in the middle of it, there are no samples, or the old ones; the same command makes them."""
    (workspace.folder / "artifacts").mkdir()
    (workspace.folder / "artifacts" / "model").symlink_to(whole.folder / "artifacts" / "model")
    slow = "import ganlib.sampling.png as p, tasks.sample as s, time, sys\n"
    slow += "def never(*a, **k): open('slow', 'w'); time.sleep(60)\n"
    slow += "for m in list(sys.modules.values()):\n    if getattr(m, 'write_png', None): m.write_png = never\n"
    slow += "s.run(s.main)"
    process = workspace.start(sys.executable, "-c", slow)
    deadline = time.monotonic() + 120
    while not (workspace.folder / "slow").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    code, output = ended(process, within=10)
    assert code in (-number, POLITE.get(number)), output
    assert "Traceback" not in output
    assert not (workspace.folder / "artifacts" / "samples").exists()
    workspace.python("-m", "tasks.sample")
    assert [path.name for path in (workspace.folder / "artifacts").iterdir() if path.name.startswith(".")] == []
    assert (workspace.folder / "artifacts" / "samples" / "pictures.npy").exists()
    ledger.add(f"{number.name} to sampling", lost="the pictures drawn so far", found="no samples, or the old ones; never half")
