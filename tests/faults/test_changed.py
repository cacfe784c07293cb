"""A training that was broken off is taken up again when something it depends on is another: said by name, or refused."""

import shutil
import signal

import numpy as np
import pytest
from conftest import Workspace
from drilled import others_drilled
from ledger import Ledger
from test_evaluate import store
from trainings import TRAIN, checkpoints, rewrite_json, run_folder, wait_for_checkpoint, with_pictures


@pytest.fixture
def broken_off(workspace: Workspace) -> Workspace:
    """A training that was told to stop in the middle."""
    return stopped(with_pictures(workspace))


def stopped(workspace: Workspace, **variables: str) -> Workspace:
    process = workspace.start(*TRAIN, **variables)
    wait_for_checkpoint(workspace, process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    return workspace


def _data(workspace: Workspace) -> None:
    dice = np.random.default_rng(1)
    pictures = dice.integers(0, 256, (60, 16, 16, 3), dtype=np.uint8)
    shutil.rmtree(workspace.folder / "artifacts" / "dataset")
    store(workspace.folder / "artifacts" / "dataset", pictures[:50], pictures[50:])


def _code(workspace: Workspace) -> None:
    with (workspace.folder / "ganlib/methods/gan.py").open("a") as file:
        file.write("\n# another day\n")


def _method(workspace: Workspace) -> None:
    text = workspace.read("params.yaml")
    assert "objective: nonsaturating" in text
    (workspace.folder / "params.yaml").write_text(text.replace("objective: nonsaturating", "objective: hinge"))


CHANGES = {
    "the data set": (_data, "dataset"),
    "the code": (_code, "code"),
    "the batch": (lambda workspace: workspace.change("train", batch=8), "train.batch"),
    "the number of threads asked for": (lambda workspace: workspace.change("train", threads=2), "train.threads"),
    "the objective": (_method, "train.method.objective.name"),
}


@pytest.mark.parametrize("what", others_drilled(CHANGES, "the data set", "the code", "the objective"))
def test_what_changed_is_said_by_name(what: str, broken_off: Workspace, ledger: Ledger) -> None:
    """Another run begins, which says why it does not go on; the one that was broken off is left as it is."""
    change, name = CHANGES[what]
    first, kept = run_folder(broken_off), len(checkpoints(broken_off))
    change(broken_off)
    process = broken_off.start(*TRAIN)
    assert process.stdout is not None
    said = next(line for line in process.stdout if line.startswith(("Begins", "Goes on", "Trains")))
    process.kill()
    process.communicate()
    assert said.startswith(
        f"Begins anew, and does not go on from the last run ({first.relative_to(broken_off.folder)}, broken off"
    )
    assert said.endswith(f"it differs in {name}.\n")
    assert len(list((first / "checkpoints").glob("[0-9]*"))) == kept
    ledger.add(f"{what} changed under a training that was broken off", found="another run begins, and says by name why")


@pytest.mark.drill
def test_other_threads_are_said_and_not_taken(workspace: Workspace, ledger: Ledger) -> None:
    """Where the number is left to the machine, and the one that a run began on had another: as it began, so it goes on."""
    stopped(with_pictures(workspace, threads=0))
    rewrite_json(run_folder(workspace) / "machine.json", threads=3)
    output = workspace.run(*TRAIN, OMP_NUM_THREADS="1")
    assert "Goes on on the CPU with 3 threads" in output
    assert "there are 1 threads now" in output
    assert "Goes on from the checkpoint" in output
    ledger.add("a machine with another number of threads", found="said; it goes on with those that it began with")


def test_a_gpu_that_is_gone_is_refused(broken_off: Workspace, ledger: Ledger) -> None:
    """A run that began on a GPU and finds none: a sentence, nothing is started."""
    rewrite_json(run_folder(broken_off) / "machine.json", device="cuda")
    output = broken_off.run(*TRAIN, code=2, CUDA_VISIBLE_DEVICES="")
    assert "no usable GPU was found, nothing was started" in output
    assert "Traceback" not in output
    ledger.add("the GPU that a run began on is gone", found="a stop that says so; nothing is started")
