"""`make up` and `make down`: what runs afterwards, what does not, and what is said about it."""

import json
import os
import socket
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import Workspace, addresses

from flows import services, turn
from flows.services import Service
from ganlib.errors import AtelierError


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current folder, so that the services of a test are nobody else's."""
    monkeypatch.chdir(tmp_path)


def sleeper(name: str = "sleeper") -> Service:
    """A service that sleeps and has a child that sleeps."""
    code = (
        "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); time.sleep(600)"
    )
    return Service(name, [sys.executable, "-c", code], {})


@pytest.mark.usefixtures("elsewhere")
def test_a_service_is_known_by_its_file_until_it_is_stopped() -> None:
    """It outlives whoever started it; stopping it ends its children too, and a second stop has nothing to do."""
    sleeper().start()
    process = services.running("sleeper")
    assert process is not None
    while not (children := process.children()):
        time.sleep(0.01)
    assert os.getsid(process.pid) == process.pid
    assert services.stop("sleeper", patience=1)
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in (process, *children))
    assert not services.stop("sleeper")


@pytest.mark.usefixtures("elsewhere")
def test_a_process_of_the_same_number_is_left_alone() -> None:
    """After a restart of the machine the number in the file may be anybody's: it is not taken for the service."""
    services.HOME.mkdir(parents=True)
    (services.HOME / "old.json").write_text(json.dumps({"pid": os.getpid(), "started": 1.0, "url": None}))
    assert services.running("old") is None
    assert not services.stop("old")


@pytest.mark.usefixtures("elsewhere")
def test_a_service_is_known_after_the_clock_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour later by the clock the process is still that one, and `make down` ends it."""
    sleeper().start()
    process, started = services.running("sleeper"), psutil.Process.create_time
    assert process is not None
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: started(self) + 3600)
    assert services.running("sleeper") is not None
    assert services.stop("sleeper", patience=1)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.usefixtures("elsewhere")
def test_a_service_that_was_written_down_before_is_known() -> None:
    """By number and time of start alone, as older files have it; and one of another start of the machine is somebody else."""
    services.HOME.mkdir(parents=True)
    known = {"pid": os.getpid(), "started": psutil.Process().create_time(), "url": None}
    (services.HOME / "old.json").write_text(json.dumps(known))
    assert services.running("old") is not None
    (services.HOME / "old.json").write_text(json.dumps({**known, "born": "another-start 1"}))
    assert services.running("old") is None


@pytest.mark.usefixtures("elsewhere")
def test_a_service_that_would_not_end_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next `make down` finds it."""
    sleeper().start()
    with monkeypatch.context() as deaf:
        for name in ("terminate", "kill"):
            deaf.setattr(psutil.Process, name, lambda self: None)
        deaf.setattr(os, "killpg", lambda *_: None)
        deaf.setattr(psutil, "wait_procs", lambda processes, **_: ([], processes))
        assert services.stop("sleeper", patience=0)
    assert services.running("sleeper") is not None
    assert services.stop("sleeper", patience=1)
    assert services.running("sleeper") is None


@pytest.mark.usefixtures("elsewhere")
def test_a_flow_may_start_while_the_server_is_asked_for_the_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets its turn; and nothing is buried that runs now, or ran until a moment ago."""
    with ExitStack() as flow:

        def answer(url: str, body: dict[str, Any]) -> list[dict[str, str]]:
            assert url.endswith("/filter")
            flow.enter_context(turn.turn())
            return [{"id": "somebody"}]

        monkeypatch.setattr(turn, "post", answer)
        assert turn.bury_the_dead("http://nowhere/api") == 0
        assert turn.the_dead("http://nowhere/api") == []
    assert turn.nobody_is_here()


@pytest.mark.usefixtures("elsewhere")
def test_a_service_that_ends_at_once_says_why() -> None:
    """Waiting for it stops, with the last line of its log."""
    service = Service("broken", [sys.executable, "-c", "raise SystemExit('no such database')"], {})
    service.start()
    psutil.wait_procs([psutil.Process(json.loads((services.HOME / "broken.json").read_text())["pid"])], timeout=20)
    with pytest.raises(AtelierError, match=r"broken ended.*broken\.log: no such database"):
        service.healthy()


def get(url: str, body: dict[str, Any] | None = None) -> Any:
    """The JSON that a server answers with."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["PREFECT_API_URL", "MLFLOW_TRACKING_URI"])
def test_a_port_in_use_is_named_and_nothing_is_started(chain: Workspace, name: str) -> None:
    """One sentence with the port and the process that has it; no traceback, nothing half started."""
    chain.variables |= addresses()
    port = int(chain.variables[name].removesuffix("/api").rpartition(":")[2])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        output = chain.python("-m", "flows.up", code=2)
    assert f"error: Port {port} on 127.0.0.1" in output
    assert f"is in use by process {os.getpid()}" in output
    assert len(output.splitlines()) == 1
    assert list((chain.folder / ".runs/services").glob("*.json")) == []


@pytest.mark.slow
def test_up_twice_is_harmless(served: Workspace) -> None:
    """The second time everything runs already: the same processes, said so."""
    files = {path.name: path.read_text() for path in (served.folder / ".runs/services").glob("*.json")}
    assert set(files) == {"prefect.json", "mlflow.json", "worker.json"}
    output = served.python("-m", "flows.up")
    assert output.count("runs already") == 3
    assert {path.name: path.read_text() for path in (served.folder / ".runs/services").glob("*.json")} == files


@pytest.mark.slow
def test_the_nights_are_scheduled(served: Workspace) -> None:
    """The server has made runs for the coming nights, at most one at a time; its settings are those of prefect.yaml."""
    api = served.variables["PREFECT_API_URL"]
    deployment = get(f"{api}/deployments/name/train-gan/nightly")
    assert deployment["parameters"] == {"refresh": True, "commit": True}
    assert deployment["global_concurrency_limit"]["limit"] == 1
    assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert deployment["pull_steps"] == [{"prefect.deployments.steps.set_working_directory": {"directory": str(served.folder)}}]
    assert deployment["job_variables"] == {"stream_output": False}
    deadline = time.monotonic() + 60
    while not (runs := scheduled(api, deployment["id"])) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert runs
    assert all(run["state"]["type"] == "SCHEDULED" for run in runs)


def scheduled(api: str, deployment: str) -> list[dict[str, Any]]:
    """The runs that the schedule has made."""
    chosen = {"deployment_id": {"any_": [deployment]}, "state": {"type": {"any_": ["SCHEDULED"]}}}
    return [run for run in get(f"{api}/flow_runs/filter", {"flow_runs": chosen}) if run["auto_scheduled"]]


@pytest.mark.fault(
    "a flow that died with its machine, by Prefect's record still running",
    found="marked as crashed by the next `make up` or `make down`",
)
@pytest.mark.slow
def test_a_run_whose_process_is_gone_does_not_block_the_next(served: Workspace) -> None:
    """A run that is held for running although no flow lives in the folder is marked as crashed by `make down` and `make up`."""
    api = served.variables["PREFECT_API_URL"]
    flow = get(f"{api}/flows/", {"name": "train-gan"})["id"]
    run = get(f"{api}/flow_runs/", {"flow_id": flow, "state": {"type": "RUNNING", "name": "Running"}})["id"]
    script = f"from flows.turn import bury_the_dead; print(bury_the_dead({api!r}))"
    assert served.python("-c", script).strip() == "1"
    assert get(f"{api}/flow_runs/{run}")["state"]["type"] == "CRASHED"


@pytest.mark.fault(
    "flow runs of the dead, and places in the queue that they held", found="named by `make doctor`, cleared by `--fix`"
)
@pytest.mark.slow
def test_the_doctor_finds_flow_runs_of_the_dead_and_places_that_they_held(served: Workspace) -> None:
    """A run that is held for running, and a limit taken, while no flow lives here: seen, mended by --fix, then well."""
    api = served.variables["PREFECT_API_URL"]
    flow = get(f"{api}/flows/", {"name": "of-the-dead"})["id"]
    get(f"{api}/flow_runs/", {"flow_id": flow, "state": {"type": "RUNNING"}})
    get(f"{api}/v2/concurrency_limits/", {"name": "of-the-dead", "limit": 1})
    get(f"{api}/v2/concurrency_limits/increment", {"names": ["of-the-dead"], "slots": 1, "mode": "concurrency"})
    found = {one["name"]: one for one in json.loads(served.python("-m", "flows.doctor", "--json", code=None))}
    assert (found["flow-runs"]["state"], found["slots"]["state"], found["servers"]["state"]) == ("warn", "warn", "ok")
    assert "of-the-dead" in found["slots"]["found"]
    output = served.python("-m", "flows.doctor", "--fix", code=None)
    assert "marked as Crashed" in output
    assert "of-the-dead given back" in output
    found = {one["name"]: one for one in json.loads(served.python("-m", "flows.doctor", "--json", code=None))}
    assert (found["flow-runs"]["state"], found["slots"]["state"]) == ("ok", "ok")
