"""Prefect's server dies under a flow, for a while or for ever; a flow's machine dies under Prefect's server."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from conftest import STEPS, Workspace, addresses, copy_project, put_stand_ins
from ledger import Ledger
from test_flow import FLOW, pid_of
from test_up import get

pytestmark = pytest.mark.slow
MESSAGE = "No sign of life for 90 s: killed, or its machine died."


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A chain of stand-ins with servers of its own; all is up to date but what comes after curating."""
    workspace = put_stand_ins(copy_project(tmp_path_factory.mktemp("up") / "atelier"))
    workspace.variables |= addresses()
    workspace.python("-m", "flows.up", STAND_IN_LASTS="train:300")
    workspace.dvc("repro", "curate")
    yield workspace
    workspace.python("-m", "flows.down")


@pytest.fixture(scope="module")
def vanished(up: Workspace) -> str:
    """A flow run whose processes were killed after a sign of life, together with all that could have told of it."""
    flow = in_training(up)
    (run,) = running(up)
    seen = {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": {"id": [f"prefect.flow-run.{run}"]}}}
    deadline = time.monotonic() + 90
    while not get(f"{up.variables['PREFECT_API_URL']}/events/filter", seen)["events"]:
        assert time.monotonic() < deadline, "it gave no sign of life"
        time.sleep(0.5)
    kill(psutil.Process(flow.pid))
    flow.communicate()
    return run


def to_train(up: Workspace) -> None:
    """Have something to train that was never trained."""
    for name in ("train.pid", "enough"):
        (up.folder / ".runs" / name).unlink(missing_ok=True)
    up.change("train", kimg=1 + time.time() % 1)


def in_training(up: Workspace, **variables: str) -> "subprocess.Popen[str]":
    """A flow that trains until `enough` lies there."""
    to_train(up)
    flow = up.start(sys.executable, *FLOW, STAND_IN_LASTS="train:300", **variables)
    pid_of(up, "train")
    return flow


def running(up: Workspace) -> list[str]:
    """The runs that the server holds for running."""
    alive = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    return [str(run["id"]) for run in get(f"{up.variables['PREFECT_API_URL']}/flow_runs/filter", alive)]


def kill(process: psutil.Process) -> None:
    """kill -9 of it and of all under it."""
    family = [process, *process.children(recursive=True)]
    for one in family:
        one.kill()
    psutil.wait_procs(family, timeout=20)


def kill_server(up: Workspace) -> None:
    """kill -9 of Prefect's server."""
    kill(process_of(up, "prefect"))


def process_of(up: Workspace, service: str) -> psutil.Process:
    """The process that `make up` started as this service."""
    return psutil.Process(json.loads(up.read(f".runs/services/{service}.json"))["pid"])


@pytest.mark.drill
def test_a_server_that_is_started_again_sees_the_flow_complete(up: Workspace, vanished: str, ledger: Ledger) -> None:
    """Killed while a step works, started again by `make up`: the flow notices nothing, and its run is completed there."""
    flow = in_training(up)
    (run,) = [one for one in running(up) if one != vanished]
    kill_server(up)
    up.python("-m", "flows.up")
    (up.folder / ".runs/enough").touch()
    output, _ = flow.communicate(timeout=120)
    assert flow.returncode == 0, output
    assert output.splitlines()[-1] == "scores metrics/evaluate.json"
    assert get(f"{up.variables['PREFECT_API_URL']}/flow_runs/{run}")["state"]["type"] == "COMPLETED"
    ledger.add(
        "kill -9 of Prefect's server in the middle of a flow, then `make up`", found="the run goes on and is completed there"
    )


@pytest.mark.drill
def test_a_worker_that_is_killed_costs_its_night_nothing(up: Workspace, ledger: Ledger) -> None:
    """kill -9 of the worker under which a night runs: the night goes on to its end, and `make up` starts another worker."""
    to_train(up)
    up.commit()
    up.python("-m", "prefect", "deployment", "run", "train-gan/nightly")
    pid_of(up, "train", within=120)
    process_of(up, "worker").kill()
    assert "worker" in up.python("-m", "flows.up")
    (up.folder / ".runs/enough").touch()
    runs = {"flow_runs": {"tags": {}, "deployment_id": {"is_null_": False}, "state": {"type": {"any_": ["COMPLETED"]}}}}
    deadline = time.monotonic() + 120
    while not get(f"{up.variables['PREFECT_API_URL']}/flow_runs/filter", runs):
        assert time.monotonic() < deadline, "the night did not reach its end"
        time.sleep(1)
    ledger.add(
        "kill -9 of the worker in the middle of a night", found="the night reaches its end; `make up` starts another worker"
    )


@pytest.mark.drill
def test_a_machine_that_vanished_is_seen_by_the_server(up: Workspace, vanished: str, ledger: Ledger) -> None:
    """The automation that `make up` registers marks the run as crashed, with nobody asking."""
    deadline, url = time.monotonic() + 180, f"{up.variables['PREFECT_API_URL']}/flow_runs/{vanished}"
    while (state := get(url)["state"])["type"] == "RUNNING":
        assert time.monotonic() < deadline, "it is still held for running"
        time.sleep(1)
    assert state["type"] == "CRASHED"
    ledger.add("a machine that vanishes with its flow", found="no sign of life for 90 s: an automation marks the run as crashed")


@pytest.mark.drill
def test_a_server_that_is_gone_for_ever_costs_no_step(up: Workspace, vanished: str, ledger: Ledger) -> None:
    """All steps reach their end, the flow ends in one sentence, and `dvc repro` finds all done."""
    flow = in_training(up, PREFECT_CLIENT_MAX_RETRIES="1")  # or its client would hope for a minute, three times
    kill_server(up)
    (up.folder / ".runs/enough").touch()
    output, _ = flow.communicate(timeout=120)
    assert flow.returncode == 2, output
    assert [line.split()[0] for line in output.splitlines() if " done by " in line] == list(STEPS[2:])
    assert "promoted under " in output
    assert "Prefect's server does not answer: the scores will not be on its pages." in output
    assert "is away and could not be told how the flow ended. What the steps made is here" in output
    assert "Traceback" not in output
    assert "Running stage" not in up.dvc("repro")
    ledger.add(
        "Prefect's server gone for ever in the middle of a flow", found="all steps are done; a sentence in the end says it"
    )
