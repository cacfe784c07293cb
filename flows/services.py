"""Long-lived processes beside the pipeline: started once, known by a file each, stopped without touching any other."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from filelock import FileLock, Timeout

from flows.born import born
from ganlib.errors import AtelierError
from ganlib.files import write_json
from tasks.places import RUNS

#: A file and a log for every service.
HOME = RUNS / "services"
#: What to do about a process that has a port of ours.
GIVE_WAY = "Stop that process, or write another port into pyproject.toml."
#: Seconds by which two readings of a process's start may differ where nothing better is known: the clock may have been set.
SAME = 60.0


@dataclass(frozen=True)
class Service:
    """A process to keep: how to start it, and how to see that it works.

    url: where it listens, if it does. health: the address that answers with 200 once it works; None for one that only runs.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    url: str | None = None
    health: str | None = None

    @property
    def log(self) -> Path:
        return HOME / f"{self.name}.log"

    def start(self) -> None:
        """Start the process, detached, its output going to its log, and write down which it is."""
        HOME.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self.environment},
            )
        started = psutil.Process(process.pid).create_time()
        known = {"pid": process.pid, "started": started, "born": born(process.pid), "url": self.url}
        write_json(_file(self.name), known)

    def healthy(self) -> bool:
        """Whether it works: its process lives and, where it listens, it answers. Raises `AtelierError` if it has ended."""
        if running(self.name) is None:
            raise AtelierError(
                f"{self.name} ended as soon as it was started; what it said is in {self.log}: {last_line(self.log)}"
            )
        return self.health is None or answers(self.health)


@contextmanager
def alone(patience: float) -> Iterator[None]:
    """One `make up` or `make down` after the other. Raises `AtelierError` if the one before takes longer than `patience`."""
    HOME.mkdir(parents=True, exist_ok=True)
    lock = FileLock(HOME / ".lock")
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise AtelierError(f"Another `make up` or `make down` is at work here for {patience:.0f} s now. Stop it first.") from None
    try:
        yield
    finally:
        lock.release()


def answers(health: str) -> bool:
    """Whether the address answers with 200 at once."""
    try:
        with urllib.request.urlopen(health, timeout=2) as answer:  # noqa: S310 - an address on this machine
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def last_line(log: Path) -> str:
    """The last line of a log, for a sentence about what went wrong."""
    written = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return written[-1] if written else "nothing"


def running(name: str) -> psutil.Process | None:
    """The process that was written down as `name`, if it is still that one: same number and same time of start."""
    try:
        known = json.loads(_file(name).read_text())
        process = psutil.Process(known["pid"])
        same = _is_that_one(process, known) and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return None
    return process if same else None


def _is_that_one(process: psutil.Process, known: Mapping[str, Any]) -> bool:
    if known.get("born"):
        return bool(known["born"] == born(process.pid))
    return bool(abs(process.create_time() - known["started"]) < SAME)  # as it was written down before, or not on Linux


def url_of(name: str) -> str | None:
    """Where the service listens, as it was started; None if it does not run."""
    return json.loads(_file(name).read_text())["url"] if running(name) else None


def since(name: str) -> datetime:
    """When the service was started. Raises `AtelierError` if it does not run."""
    process = running(name)
    if process is None:
        raise AtelierError(f"{name} has ended; what it said is in {HOME / name}.log.")
    return datetime.fromtimestamp(process.create_time(), UTC)


def stop(name: str, patience: float = 30.0) -> bool:
    """End the service and all that it started; whether there was one to end.

    It is asked first (SIGTERM), the rest of its group after it, and whatever is left after `patience` seconds is killed.
    """
    process = running(name)
    if process:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            family = [process, *process.children(recursive=True)]
            process.terminate()
            _, left = psutil.wait_procs(family, timeout=patience, callback=None)
            for one in left:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
            psutil.wait_procs(left, timeout=5)
            os.killpg(process.pid, signal.SIGKILL)
    if running(name) is None:  # what would not end is known to the next `make down`
        _file(name).unlink(missing_ok=True)
    return process is not None


def check_free(name: str, url: str) -> None:
    """Raise `AtelierError` if something listens at `url` already: which port, which process, what to do."""
    host, port = _endpoint(url)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was closed a moment ago is free
        with suppress(OSError):
            probe.bind((host, port))
            return
    raise AtelierError(
        f"Port {port} on {host}, where {name} is to listen, is in use{_holder(port)}. Nothing was left running. {GIVE_WAY}"
    )


def _holder(port: int) -> str:
    """ " by process 123 (python -m http.server)", as far as this user may know."""
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f" by process {connection.pid} ({' '.join(psutil.Process(connection.pid).cmdline())[:80]})"
    return " by a process that this user may not see"


def _endpoint(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


def _file(name: str) -> Path:
    return HOME / f"{name}.json"
