"""The record against a real MLflow server that is killed in the middle of a training."""

import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from recording import a_record, append, curve, empty_database, picture, picture_steps, project, runs

from tasks.live import Live
from tasks.record import close_parent, open_parent, publish
from tasks.tracking import spool, store

__all__ = ["project"]

pytestmark = pytest.mark.slow

DATASET = Path("artifacts/dataset")
Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def server(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """What starts a server on loopback, always the same, whose address the record uses; all are ended afterwards."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (project / "server").mkdir()
    (project / "server" / "mlflow.db").write_bytes(empty_database().read_bytes())
    monkeypatch.setenv(store.URI, f"http://127.0.0.1:{port}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    running: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        place = ["--backend-store-uri", "sqlite:///server/mlflow.db", "--artifacts-destination", "server/artifacts"]
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *place]
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        environment.pop(store.URI)
        with Path("server/log").open("ab") as log:
            running.append(subprocess.Popen(command, env=environment, start_new_session=True, stdout=log, stderr=log))
        _wait(lambda: _healthy(port))
        return running[-1]

    yield start
    for process in running:
        _kill(process)


def _healthy(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
    except OSError:
        return False
    return True


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(condition: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.3)


def _append(folder: Path, start: int, stop: int) -> list[float]:
    """Train from `start` to `stop` half kimg; the seconds that each append took."""
    spent = []
    for number in range(start, stop):
        began = time.perf_counter()
        append(folder / "history.jsonl", number / 2)
        spent.append(time.perf_counter() - began)
    return spent


def _curves_are_whole(points: int) -> None:
    (run,) = runs("train")
    expected = [(500 * number, (number / 2) ** 2) for number in range(points)]
    assert curve(run, "loss_g") == expected
    assert picture_steps(run) == [0, 10]
    assert len(run.inputs.dataset_inputs) == 1


@pytest.mark.drill
@pytest.mark.fault(
    "kill -9 of MLflow's server in mid training; it never comes back",
    found="training goes on; the record is completed by the next start",
)
def test_a_server_killed_in_mid_training_costs_it_nothing(server: Start, project: Path) -> None:
    """It never comes back while training lasts: appends take the same time, and afterwards another start has it all, once."""
    a_record()
    folder = Path(".runs/5eed")
    process = server()
    live = Live(folder, {"batch": 64}, [DATASET]).start()
    before = _append(folder, 0, 100)
    picture(folder / "samples" / "kimg-000000.png")
    _wait(lambda: runs("train") and picture_steps(runs("train")[0]) == [0])
    _kill(process)
    after = _append(folder, 100, 200)
    picture(folder / "samples" / "kimg-000010.png")
    time.sleep(3)  # it tries to send, and fails
    began = time.monotonic()
    assert not live.close("FINISHED")
    assert time.monotonic() - began < 10.5
    record = a_record(step="train", params={"batch": 64}, history=folder / "history.jsonl", run_folder=folder,
                      pictures=sorted((folder / "samples").glob("*.png")))  # fmt: skip
    began = time.monotonic()
    assert not publish(record)
    assert time.monotonic() - began < 5
    assert statistics.median(after) < 3 * statistics.median(before) + 0.001
    server()
    assert publish(record)
    _curves_are_whole(200)
    assert runs("train")[0].info.status == "FINISHED"
    assert spool.left() == 0


@pytest.mark.fault(
    "MLflow's server killed and started again in mid training", found="it is told the rest; nothing missing, nothing twice"
)
def test_a_server_that_comes_back_is_told_the_rest_live(server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed and started again while training goes on: the same run goes on, nothing is missing and nothing is there twice."""
    a_record()
    folder = Path(".runs/5eed")
    process = server()
    parent = open_parent("nightly")
    monkeypatch.setenv(store.PARENT, str(parent))
    with Live(folder, {"batch": 64}, [DATASET]) as live:
        _append(folder, 0, 1500)
        picture(folder / "samples" / "kimg-000000.png")
        _wait(lambda: runs("train") and len(curve(runs("train")[0], "loss_g")) > 0)
        _kill(process)
        _append(folder, 1500, 1600)
        time.sleep(3)
        server()
        _wait(lambda: len(curve(runs("train")[0], "loss_g")) == 1600)
        picture(folder / "samples" / "kimg-000010.png")
        assert live is not None
    close_parent(parent)
    _curves_are_whole(1600)
    (run,) = runs("train")
    assert run.data.tags["mlflow.parentRunId"] == parent
    assert {item.info.status for item in runs()} == {"FINISHED"}
