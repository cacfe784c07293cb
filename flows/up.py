"""`make up`: the Prefect server, a worker and the MLflow server on this machine, and the deployment registered with them."""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from flows import password, services, turn
from flows.services import Service
from ganlib.errors import AtelierError
from tasks import cli, servers

#: Seconds within which each service must work: a fresh database on a busy machine takes half a minute.
PATIENCE = 180.0
POOL = "atelier"
DEPLOYMENT = "train-gan/nightly"


def main() -> None:
    """Start what does not run yet, wait until all of it works, say where it is. Running it twice is harmless."""
    started: list[str] = []
    with services.alone(PATIENCE):
        try:
            _up(started)
        except BaseException:
            for name in reversed(started):
                services.stop(name)
            raise
    print(f"Prefect  {servers.prefect()}   deployment {DEPLOYMENT}: .venv/bin/prefect deployment run {DEPLOYMENT} --watch")
    # It begins with what it has for chats, of which there are none.
    print(f"MLflow   {servers.mlflow()}   runs: experiment atelier, with Model training chosen at the top left")
    print(f"Logs in {services.HOME}/; `make down` stops these and nothing else.")


def _up(started: list[str]) -> None:
    first = [service for service in (prefect_server(), mlflow_server()) if _is_here(service)]
    for service in first:
        if service.url and not services.running(service.name):
            services.check_free(service.name, service.url)
    Path(".mlflow").mkdir(exist_ok=True)
    with FileLock(".mlflow/mlflow.db.lock", timeout=PATIENCE):  # a step that makes the database holds it, too
        for service in first:
            _start(service, started)
        for service in first:
            _wait(service)
    os.environ.update(_prefect_environment())
    from flows import register  # only now: imports prefect, which takes its time and reads the environment once

    register.pool(POOL)
    own = services.url_of("prefect")
    if own and not services.running("worker"):
        turn.bury_the_dead(f"{own}/api")
    _start(worker(), started)
    register.deployment()
    register.watchman()
    _say("prefect", f"knows the deployment {DEPLOYMENT}")
    _wait(worker(), partial(register.worker_is_online, POOL, services.since("worker")))


def prefect_server() -> Service:
    """Prefect's server: its pages, its API and its scheduler."""
    url = servers.prefect()
    command = [*_python("prefect"), "server", "start", "--host", _host(url), "--port", str(_port(url))]
    return Service("prefect", command, _prefect_environment(), url, f"{url}/api/health")


def mlflow_server() -> Service:
    """MLflow's server over the database that the steps write to when there is none."""
    url, home = servers.mlflow(), Path(".mlflow").resolve()
    command = [*_python("mlflow"), "server", "--host", _host(url), "--port", str(_port(url)), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{home / 'mlflow.db'}",
        "--default-artifact-root",
        (home / "artifacts").as_uri(),
    ]
    variables = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    if _is_local(url) and password.asked_for():  # one elsewhere has ways of its own
        command += ["--app-name", "basic-auth"]
        variables |= password.environment(home)
    return Service("mlflow", command, variables, url, f"{url}/health")


def worker() -> Service:
    """The process that runs what is due, with this interpreter, in this folder."""
    command = [*_python("prefect"), "worker", "start", "--pool", POOL, "--type", "process", "--name", POOL]
    return Service("worker", command, _prefect_environment())


def _prefect_environment() -> dict[str, str]:
    """Prefect's database in the project; heartbeats, so that a run whose machine died is seen to have died."""
    url = servers.prefect()
    return {
        "PREFECT_HOME": str(Path(".prefect").resolve()),
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT_SERVER_UI_API_URL": f"{url}/api",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": url,  # no other page may have a browser send it JSON
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }


def _start(service: Service, started: list[str]) -> None:
    if services.running(service.name):
        _say(service.name, "runs already")
        return
    service.start()
    started.append(service.name)


def _wait(service: Service, ready: Callable[[], bool] = lambda: True) -> None:
    """Wait until the service works, a line every few seconds. Raises `AtelierError` if it ends or never does."""
    began = time.monotonic()
    told = began
    while not (service.healthy() and ready()):
        if time.monotonic() - began > PATIENCE:
            raise AtelierError(f"{service.name} did not answer within {PATIENCE:.0f} s; what it said is in {service.log}.")
        if time.monotonic() - told > 5:
            told = time.monotonic()
            _say(service.name, f"starting, {told - began:.0f} s")
        time.sleep(0.1)
    _say(service.name, f"works{f' at {service.url}' if service.url else ''}")


def _is_here(service: Service) -> bool:
    """Whether the address is a loopback one. A server elsewhere is used as it is; `AtelierError` where none answers."""
    here = _is_local(service.url or "")
    if not here and not services.answers(service.health or ""):
        raise AtelierError(
            f"{service.url}: expected a loopback address to serve {service.name} at, or its server there; nothing answers."
        )
    if not here:
        _say(service.name, f"is elsewhere ({service.url}): used as it is")
    return here


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost")


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _host(url: str) -> str:
    return urlsplit(url).hostname or "127.0.0.1"


def _port(url: str) -> int:
    return urlsplit(url).port or 80


def _say(name: str, what: str) -> None:
    print(f"{name:<9}{what}", flush=True)


if __name__ == "__main__":
    cli.run(main)
