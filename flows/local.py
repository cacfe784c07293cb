"""Run a flow from a terminal: with the server of `make up` if it runs, else with one that lives as long as the flow."""

import argparse
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx
import prefect
from prefect.context import refresh_global_settings_context
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

from flows.process import leashed
from flows.reach import server_is_away
from flows.services import HOME, answers, last_line, url_of
from ganlib.errors import AtelierError
from tasks import cli

#: Seconds that the server may take: the first start makes its database, and the machine may be busy.
PATIENCE = 180.0
_HANDING_IN = 5.0  # seconds for logs and events that are still to be sent when a flow ends, however it does


def main(flow: Callable[..., Any], parser: argparse.ArgumentParser, summary: Callable[..., str]) -> None:
    """Run `flow` with the options of the command line, which `parser` knows, and print their `summary`; exits as every step
    does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the step in good order, as Ctrl-C does
    cli.run(lambda: _main(flow, vars(parser.parse_args()), summary))


def _main(flow: Callable[..., Any], options: dict[str, Any], summary: Callable[..., str]) -> None:
    with _api() as url:
        os.environ |= {"PREFECT_API_URL": url, "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}
        refresh_global_settings_context()
        _only_trouble_on_the_terminal()
        try:
            state = flow(**options, return_state=True)
        except httpx.TransportError:
            if not server_is_away():
                raise
            _leave(
                f"Prefect's server at {url} is away and could not be told how the flow ended. What the steps made is here: "
                "dvc repro, or the same command with another server, goes on from it."
            )
        finally:
            for service in (APILogWorker, EventsWorker):  # else they would try for minutes when their server is gone
                service.drain_all(timeout=_HANDING_IN)  # today the first call ends both, for they share their list
    if not state.is_completed():
        raise AtelierError(state.message or "The flow did not reach its end, and does not say why.")
    print(summary(**options))


def _leave(sentence: str) -> NoReturn:
    """Say it and go, without what Prefect does at an exit: it would try for minutes to send logs and events to nobody."""
    print(f"error: {sentence}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(2)


@contextmanager
def _api() -> Iterator[str]:
    """The address of an API that answers: that of `make up` (or `PREFECT_API_URL`), or one of its own for this block."""
    own = url_of("prefect")
    known = f"{own}/api" if own else os.environ.get("PREFECT_API_URL")
    if known and answers(f"{known}/health"):
        yield known
        return
    url = f"http://127.0.0.1:{_free_port()}/api"
    log = HOME / "flow-server.log"
    HOME.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, leashed(_server(url), _environment(url), output, server=True) as process:
        _wait(url, process, log)
        yield url


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not answers(f"{url}/health"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AtelierError(f"Prefect's server did not start, and nothing was run. What it said is in {log}: {last_line(log)}")
        time.sleep(0.05)


def _server(url: str) -> list[str]:
    """The server that Prefect itself starts for a flow where there is none. On a leash it cannot outlive the flow."""
    application = ["--app-dir", str(prefect.__module_path__.parent), "--factory", "prefect.server.api.server:create_app"]
    address = ["--host", "127.0.0.1", "--port", str(urlsplit(url).port)]
    return [sys.executable, "-m", "uvicorn", *application, *address, "--log-level", "error", "--lifespan", "on"]


def _environment(url: str) -> dict[str, str]:
    private = {"PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1", "PREFECT_SERVER_UI_ENABLED": "0"}
    return {"PREFECT_HOME": str(Path(".prefect").resolve()), "PREFECT_API_URL": url, **private}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _only_trouble_on_the_terminal() -> None:
    """The steps print for themselves; of Prefect's own lines a terminal gets the errors, but not our own sentence again."""
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.ERROR)
        handler.addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Neither our own sentence again, nor that a server is away, line by line: that is said once, in the end."""
    if record.exc_info and isinstance(record.exc_info[1], httpx.TransportError):
        return False
    return not record.getMessage().startswith(("Finished in state", "Service 'EventsWorker' failed"))
