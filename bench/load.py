"""Fifty at once for a minute: `python -m bench.load` asks the explorer and a served model, at the rate that they state.

Both are processes of their own, over HTTP on this machine alone. Every client asks in its turn, so that all of them together keep
the rate; what is answered late makes the client late, never more requests. What is counted: answers, refusals, failures, how long
they took, and the memory of the servers' processes after a few seconds and at the end.
"""

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from bench import explorer
from bench.row import processor
from ganlib.files import write_json
from tasks.cli import run

JSON = Path("metrics/load.json")
CLIENTS, SECONDS, WARM = 50, 60.0, 5.0
#: Pictures a second: what each is claimed to stand.
RATES = {"explorer": 40.0, "served model": 20.0}
#: How much more memory there may be at the end than after the first seconds.
GROWTH = 1.2
PORT = 18767


@dataclass(frozen=True)
class Asked:
    """One request: the HTTP status (0: no answer), and milliseconds."""

    status: int
    milliseconds: float


@dataclass(frozen=True)
class Load:
    """What came of a minute. memory: MB of the server's processes, after the first seconds and at the end."""

    name: str
    rate: float
    answers: list[Asked]
    seconds: float
    memory: tuple[float, float]

    @property
    def failed(self) -> int:
        return sum(one.status != 200 for one in self.answers)

    @property
    def holds(self) -> bool:
        kept = len(self.answers) / self.seconds >= 0.95 * self.rate
        return kept and not self.failed and self.memory[1] <= GROWTH * self.memory[0]


def load(name: str, port: int, path: str, bodies: list[bytes], process: int, seconds: float) -> Load:
    """Fifty clients at the stated rate for so many seconds, after some that are not counted."""
    rate = RATES[name]
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda client: _client(client, rate, port, path, bodies, WARM), range(CLIENTS)))
        before, begun = _memory(process), time.perf_counter()
        found = list(pool.map(lambda client: _client(client, rate, port, path, bodies, seconds), range(CLIENTS)))
    return Load(name, rate, [one for each in found for one in each], time.perf_counter() - begun, (before, _memory(process)))


def _client(place: int, rate: float, port: int, path: str, bodies: list[bytes], seconds: float) -> list[Asked]:
    """One client: its turns are `CLIENTS / rate` seconds apart, and begin in the order of the clients."""
    begun, turn, found = time.perf_counter(), CLIENTS / rate, []
    for step in range(int(seconds / turn)):
        time.sleep(max(0.0, begun + (step + place / CLIENTS) * turn - time.perf_counter()))
        found.append(_ask(port, path, bodies[(place + step * CLIENTS) % len(bodies)]))
    return found


def _ask(port: int, path: str, body: bytes) -> Asked:
    begun, status = time.perf_counter(), 0
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        status = answer.status if len(answer.read()) > 100 else 0
        connection.close()
    return Asked(status, 1000 * (time.perf_counter() - begun))


def _memory(process: int) -> float:
    """MB of a process and all that it started."""
    found = psutil.Process(process)
    return float(sum(one.memory_info().rss for one in (found, *found.children(recursive=True))) / 1e6)


@contextmanager
def _server(command: list[str], port: int, ready: str) -> Iterator[int]:
    """A server until it answers, in a process group of its own that is ended afterwards; its process."""
    search = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env={**os.environ, "PATH": search}
    )
    try:
        end = time.monotonic() + 120
        while not _answers(port, ready):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{' '.join(command[1:4])} did not come up")
            time.sleep(0.2)
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _answers(port: int, path: str) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def of_explorer(model: Path, digest: str, seconds: float) -> Load:
    """A picture each time, of other seeds."""
    command = [sys.executable, "-m", "tasks.explore", "--no-browser", "--port", str(PORT), "--model", str(model)]
    bodies = [
        json.dumps({"model": "local", "digest": digest, "states": [{"first": {"seed": seed}}]}).encode() for seed in range(500)
    ]
    with _server(command, PORT, "/api/model/local") as process:
        return load("explorer", PORT, "/api/draw", bodies, process, seconds)


def of_served(model: Path, logged: Path, seconds: float) -> Load:
    """A row each time, to what MLflow serves of a model as it is logged for the champion."""
    from mlflow.models import Model

    from ganlib.sampling.model import load_model
    from tasks.tracking.flavours import save_model

    save_model(str(logged), Model(), load_model(model), model)
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "-m",
        str(logged),
        "--env-manager",
        "local",
        "--port",
        str(PORT),
    ]
    bodies = [json.dumps({"dataframe_records": [{"seed": seed}]}).encode() for seed in range(500)]
    with _server(command, PORT, "/ping") as process:
        return load("served model", PORT, "/invocations", bodies, process, seconds)


def row(one: Load) -> str:
    """As a row of a table in Markdown."""
    times = sorted(answer.milliseconds for answer in one.answers)
    return (
        f"| {one.name} | {CLIENTS} | {one.rate:g} | {len(one.answers) / one.seconds:.1f} | {len(times):,} | {one.failed} | "
        f"{median(times):.0f} | {times[int(0.95 * len(times))]:.0f} | {one.memory[0]:.0f} to {one.memory[1]:.0f} |"
    )


def main() -> None:
    """Ask both, print a table, and write metrics/load.json."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each is asked")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as passing:
        model = Path(passing) / "model"
        digest = explorer.published(model)
        found = [of_explorer(model, digest, seconds), of_served(model, Path(passing) / "logged", seconds)]
    print("| server | clients | stated a second | answered a second | answers | failed | median ms | 19 of 20 ms | memory MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(map(row, found)))
    entries = [
        {
            "server": one.name,
            "stated": one.rate,
            "answered": round(len(one.answers) / one.seconds, 1),
            "answers": len(one.answers),
            "failed": one.failed,
            "median_ms": round(median(answer.milliseconds for answer in one.answers), 1),
            "memory_mb": [round(value) for value in one.memory],
            "holds": one.holds,
        }
        for one in found
    ]
    write_json(JSON, {"machine": processor(), "clients": CLIENTS, "seconds": seconds, "size": explorer.SIZE, "loads": entries})
    print(f"{'Holds' if all(one.holds for one in found) else 'MISSED'}. Written to {JSON}.")


if __name__ == "__main__":
    run(main)
