"""The flow from outside: what a person sees who runs it, stops it, kills it, or runs DVC beside it."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest
from conftest import STEPS, Workspace
from ruamel.yaml import YAML
from test_flow_parts import gone

from flows import repro

pytestmark = pytest.mark.slow

FLOW = ("-m", "flows.train_gan")
ACTIVE = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.fixture
def connected(chain: Workspace, served: Workspace) -> Workspace:
    """A chain of stand-ins whose flows report to a server that runs already."""
    chain.variables["PREFECT_API_URL"] = served.variables["PREFECT_API_URL"]
    return chain


def pid_of(workspace: Workspace, step: str, within: float = 60.0) -> int:
    """The number of the process that runs `step` now."""
    path, deadline = workspace.folder / f".runs/{step}.pid", time.monotonic() + within
    while time.monotonic() < deadline:
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{step} was not started within {within} s")


def test_flow_and_repro_agree(connected: Workspace) -> None:
    """After a flow `dvc repro` finds nothing to do; after `dvc repro` the flow finds nothing to do, and changes nothing.

    The flow's result is the version of every step: what dvc.lock holds, as plain JSON.
    """
    output = connected.python(*FLOW)
    assert [line for line in output.splitlines() if " done by " in line] == [f"{step} done by {sys.executable}" for step in STEPS]
    assert output.splitlines()[-1] == "scores metrics/evaluate.json"
    assert "promoted under waiting-" in output
    assert "Running stage" not in connected.dvc("repro")
    connected.change("train", kimg=0.4)
    assert "train done" in connected.dvc("repro")
    before = connected.read("dvc.lock")
    output = connected.python(
        "-c", "import json; from flows.train_gan import train_gan; print('RESULT', json.dumps(train_gan()))"
    )
    assert "Running stage" not in output
    assert "promoted under nothing" in output  # and no MLflow run was made for an idle night
    assert connected.read("dvc.lock") == before
    versions = json.loads(next(line for line in output.splitlines() if line.startswith("RESULT")).removeprefix("RESULT"))
    assert list(versions) == ["collect", "data", *STEPS[1:]]
    lock = YAML(typ="safe").load(before)["stages"]
    assert {name: version for name, version in versions.items() if name != "data"} == lock
    assert versions["data"]["outs"][0]["md5"] == lock["collect"]["outs"][0]["md5"]


@pytest.mark.drill
def test_a_night_asks_the_source_again_and_no_more(connected: Workspace) -> None:
    """`--refresh` redoes collect alone when the source has nothing new: a clean tree, no branch. What is new gets a branch."""
    connected.dvc("repro")
    connected.commit()
    output = connected.python(*FLOW, "--refresh", "--commit")
    assert [line for line in output.splitlines() if " done by " in line] == [f"collect done by {sys.executable}"]
    assert connected.git("status", "--porcelain") == ""
    assert connected.git("branch", "--format=%(refname:short)") == "main"

    head = connected.git("rev-parse", "HEAD")
    output = connected.python(*FLOW, "--refresh", "--commit", STAND_IN_WORLD="a new picture")
    assert output.count(" done by ") == len(STEPS)
    main, nightly = sorted(connected.git("branch", "--format=%(refname:short)").split())
    assert (main, connected.git("rev-parse", "HEAD")) == ("main", head)
    assert nightly.startswith("nightly/")
    assert f"The new result is in the branch {nightly}" in output
    assert set(connected.git("diff", "--name-only", "HEAD", nightly).split()) == {"data.dvc", "dvc.lock", "metrics/evaluate.json"}


def test_a_step_that_fails_fails_the_flow_in_its_own_words(connected: Workspace) -> None:
    """The sentence of the step is the last line, there is no traceback, the exit code is not 0; what was done stays done."""
    output = connected.python(*FLOW, code=2, STAND_IN_FAILS="train")
    assert output.splitlines()[-1] == "error: train: train: expected a cause, found none. Invent one."
    assert "Traceback" not in output
    assert "curate" in connected.read("dvc.lock")


def test_a_promotion_that_fails_costs_the_result_nothing(connected: Workspace) -> None:
    """The flow fails in its words, after the new result has got its branch."""
    output = connected.python(*FLOW, "--commit", code=2, STAND_IN_FAILS="promote")
    assert output.splitlines()[-1] == "error: promote: promote: expected a cause, found none. Invent one."
    assert connected.git("branch", "--list", "nightly/*")


@pytest.mark.drill
def test_a_branch_that_cannot_be_made_costs_no_promotion(connected: Workspace) -> None:
    """A branch of the user's in its way: promoted and tidied all the same; then the flow fails, in git's words."""
    connected.git("branch", "nightly")
    output = connected.python(*FLOW, "--commit", code=2)
    assert output.splitlines()[-1].startswith("error: git update-ref: ")
    assert "The result lies in the working tree, not committed; nothing is lost." in output.splitlines()[-1]
    assert "promoted under" in output
    assert "Nothing to tidy up." in output


def test_a_mistake_in_the_parameters_is_shown_where_it_is(connected: Workspace) -> None:
    """A key given twice is found before anything runs, with file and line."""
    with (connected.folder / "params.yaml").open("a") as file:
        file.write("  seed: 1\n  seed: 2\n")
    output = connected.python(*FLOW, code=2)
    assert output.splitlines()[-1].startswith("error: params.yaml:")
    assert "seed" in output
    assert "Traceback" not in output


@pytest.mark.fault("Ctrl-C to a flow in the middle of a step", found="exit 130, one sentence; no process left")
@pytest.mark.parametrize("server", ["its own", "of make up"])
def test_ctrl_c_ends_the_step_too(server: str, chain: Workspace, request: pytest.FixtureRequest) -> None:
    """One sentence, no traceback, no process left; a server of its own ends with it, and nobody waits for it afterwards."""
    if server == "of make up":
        request.getfixturevalue("connected")
    chain.dvc("repro", "curate")
    flow = chain.start(sys.executable, *FLOW, STAND_IN_LASTS="train:300")
    trainer = pid_of(chain, "train")
    flow.send_signal(signal.SIGINT)
    output, _ = flow.communicate(timeout=60)
    assert flow.returncode == 130
    assert output.splitlines()[-1].startswith("Stopped.")
    assert "Traceback" not in output
    assert gone(trainer, within=1)


@pytest.mark.fault(
    "kill -9 of the flow in the middle of a step", found="nothing it started lives on; the same command does what is left"
)
def test_kill_9_of_the_flow_leaves_nothing_behind(chain: Workspace) -> None:
    """DVC, the trainer under it and the flow's own server end with it; then the same command, with no other server, goes on.

    The server has to make its tables first, as it does in a fresh clone.
    """
    chain.bare = True
    chain.dvc("repro", "curate")
    flow = chain.start(sys.executable, *FLOW, STAND_IN_LASTS="train:300")
    trainer = pid_of(chain, "train")
    family = [child.pid for child in psutil.Process(flow.pid).children(recursive=True)]
    assert trainer in family
    flow.kill()
    flow.communicate()
    assert gone(*family, within=30)
    output = chain.python(*FLOW).splitlines()
    assert [line.split()[0] for line in output if " done by " in line] == ["train", "sample", "evaluate", "report"]
    assert output[-1] == "scores metrics/evaluate.json"


@pytest.mark.fault("kill -9 of a step under a flow", found="said so, and tried again; the night completes")
def test_a_step_that_is_killed_is_tried_again(connected: Workspace) -> None:
    """kill -9 of the trainer costs the flow a moment, not the night."""
    connected.dvc("repro", "curate")
    flow = connected.start(sys.executable, *FLOW, STAND_IN_LASTS="train:3")
    os.kill(pid_of(connected, "train"), signal.SIGKILL)
    output, _ = flow.communicate(timeout=120)
    assert flow.returncode == 0, output
    assert "exited with -9" in output or "exited with 137" in output
    assert "train done" in output


@pytest.mark.drill
@pytest.mark.fault(
    "a flow and `dvc repro` beside a running flow", found="refused, with the holder's process and since when; the first goes on"
)
def test_nobody_works_beside_a_running_flow(connected: Workspace) -> None:
    """`dvc repro` and a second flow each say in a sentence who is at work; the flow goes on, and nothing is lost."""
    connected.dvc("repro", "curate")
    flow = connected.start(sys.executable, *FLOW, STAND_IN_LASTS="train:300")
    pid_of(connected, "train")
    output = connected.dvc("repro", code=255)
    assert "is busy, it is being blocked by:\n  (PID" in output
    assert "Traceback" not in output
    output = connected.python(*FLOW, code=2)
    assert output.splitlines()[-1].startswith(f"error: Another flow is at work in this folder: process {flow.pid} (since ")
    assert flow.poll() is None
    (connected.folder / ".runs/enough").touch()
    output, _ = flow.communicate(timeout=120)
    assert flow.returncode == 0, output


@pytest.mark.fault("a flow beside a running `dvc repro`", found="it waits, then fails in a sentence with the holder's process")
def test_a_step_waits_for_dvc_and_says_for_whom(chain: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `dvc repro` by hand that takes too long fails the step with one sentence, after some patience."""
    chain.dvc("repro", "curate")
    by_hand = chain.start(sys.executable, "-m", "dvc", "repro", STAND_IN_LASTS="train:300", **ACTIVE)
    pid_of(chain, "train")
    monkeypatch.chdir(chain.folder)
    monkeypatch.setattr(repro, "WAITS", (0.1,))
    with pytest.raises(
        repro.StepFailed, match=r"Another DVC command is at work in this folder: \(PID \d+\).*Nothing was changed"
    ):
        list(repro.dvc("repro", "--single-item", "train"))
    (chain.folder / ".runs/enough").touch()
    by_hand.communicate(timeout=120)
    assert by_hand.returncode == 0


def test_a_cached_result_still_gets_its_record(connected: Workspace) -> None:
    """When DVC takes a result from its cache no step runs; MLflow is told from the files, afterwards."""
    connected.dvc("repro")
    connected.run("rm", "-r", "artifacts", "dvc.lock")
    told = connected.folder / "tasks" / "record.py"
    told.write_text(
        told.read_text().replace(
            'if __name__ == "__main__":', 'if __name__ == "__main__":\n    sys.exit(print("told", sys.argv[1:]))'
        )
    )
    output = connected.python(*FLOW)
    assert "told ['train']" in output
    assert "train done" not in output
