"""The servers of `make up`: on this machine only, deaf to other pages, and closed to who has no password where one is set."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from conftest import Workspace, addresses, copy_project
from ledger import Ledger

pytestmark = pytest.mark.slow
PASSWORD = "admin:more-than-twelve-letters"


def asked(url: str, body: object = None, **headers: str) -> int:
    """The status of the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def family(workspace: Workspace) -> list[psutil.Process]:
    """The processes that `make up` started there, and theirs."""
    known = [json.loads(path.read_text()) for path in (workspace.folder / ".runs" / "services").glob("*.json")]
    first = [psutil.Process(one["pid"]) for one in known]
    return [*first, *(child for one in first for child in one.children(recursive=True))]


def test_they_listen_on_this_machine_alone(served: Workspace, ledger: Ledger) -> None:
    """Every socket of theirs that listens is bound to the loopback address."""
    held = [one for process in family(served) for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
    ports = {urlsplit(served.variables[name]).port for name in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI")}
    assert ports <= {one.laddr.port for one in held}
    assert {one.laddr.ip for one in held} <= {"127.0.0.1", "::1"}
    ledger.add("Prefect's and MLflow's servers, looked at from outside", found="every listening socket is bound to loopback")


def test_mlflow_is_deaf_to_other_names_and_pages(served: Workspace, ledger: Ledger) -> None:
    """A foreign Host (a name that was pointed at this machine), and a foreign Origin that would write."""
    url = served.variables["MLFLOW_TRACKING_URI"]
    search = f"{url}/api/2.0/mlflow/experiments/search"
    assert asked(search, {"max_results": 1}) == 200
    assert asked(search, {"max_results": 1}, Host="evil.example") == 403
    assert asked(search, {"max_results": 1}, Origin="http://evil.example") == 403
    ledger.add("a foreign Host or Origin against MLflow's server", times=2, found="403")


def test_no_other_page_can_write_to_prefect(served: Workspace, ledger: Ledger) -> None:
    """A page from elsewhere gets no leave from the browser to send what Prefect takes: JSON needs a permission (CORS)."""
    url = f"{served.variables['PREFECT_API_URL']}/flows/filter"
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    request = urllib.request.Request(url, method="OPTIONS", headers={"Origin": "http://evil.example", **wanted})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            allowed = answer.headers.get("Access-Control-Allow-Origin")
    except urllib.error.HTTPError as error:
        allowed = error.headers.get("Access-Control-Allow-Origin")
    assert allowed not in ("*", "http://evil.example")
    ledger.add("another page's question to Prefect's server", found="no permission to read or to send JSON (CORS)")


def basic(password: str) -> str:
    """As a header says it."""
    return "Basic " + base64.b64encode(password.encode()).decode()


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The servers with a password, as SECURITY.md says that one is set."""
    workspace = copy_project(tmp_path_factory.mktemp("locked") / "atelier").tell()
    workspace.variables |= {**addresses(), "PREFECT_SERVER_API_AUTH_STRING": PASSWORD, "PREFECT_API_AUTH_STRING": PASSWORD}
    if find_spec("flask_wtf"):
        user, word = PASSWORD.split(":")
        workspace.variables |= {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": word}
    workspace.python("-m", "flows.up")
    yield workspace
    workspace.python("-m", "flows.down")


@pytest.mark.drill
def test_prefect_asks_for_the_password(locked: Workspace, ledger: Ledger) -> None:
    """401 without it and with a wrong one; with it the server answers, the worker works and the nights are scheduled."""
    url = f"{locked.variables['PREFECT_API_URL']}/deployments/filter"
    assert asked(url, {}) == 401
    assert asked(url, {}, Authorization=basic("admin:wrong")) == 401
    assert asked(url, {}, Authorization=basic(PASSWORD)) == 200
    assert "nightly" in locked.python("-m", "prefect", "deployment", "ls")
    logs = "".join(path.read_text() for path in (Path(locked.folder) / ".runs" / "services").glob("*.log"))
    assert PASSWORD.split(":")[1] not in logs
    ledger.add("no password, or a wrong one, where Prefect's server was given one", times=2, found="401")


@pytest.mark.drill
@pytest.mark.skipif(find_spec("flask_wtf") is None, reason="Flask-WTF is not installed: pip install 'mlflow[auth]'")
def test_mlflow_asks_for_the_password(locked: Workspace, ledger: Ledger) -> None:
    """401 without it and with a wrong one; with it the server answers, and a step is recorded there."""
    search = f"{locked.variables['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/experiments/search"
    assert asked(search, {"max_results": 1}) == 401
    assert asked(search, {"max_results": 1}, Authorization=basic("admin:wrong")) == 401
    assert asked(search, {"max_results": 1}, Authorization=basic(PASSWORD)) == 200
    locked.python("-m", "tasks.collect")
    runs = f"{locked.variables['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/runs/search"
    request = urllib.request.Request(
        runs,
        json.dumps({"experiment_ids": ["1"]}).encode(),
        {"Content-Type": "application/json", "Authorization": basic(PASSWORD)},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert [run["info"]["run_name"] for run in json.load(answer)["runs"]] == ["collect"]
    ledger.add("no password, or a wrong one, where MLflow's server was given one", times=2, found="401")


def test_half_of_a_password_starts_nothing(workspace: Workspace) -> None:
    """A user without a password would be a server without one."""
    workspace.variables |= addresses()
    output = workspace.python("-m", "flows.up", code=2, MLFLOW_TRACKING_USERNAME="admin")
    assert "expected both or neither, found MLFLOW_TRACKING_USERNAME alone; nothing was started" in output


def test_a_server_elsewhere_has_passwords_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment has for it is no wish for one here: nothing is asked for, nothing is written."""
    from flows import up

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example:5000")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "anna")
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD", raising=False)
    assert "basic-auth" not in up.mlflow_server().command
