"""One flow at a time in a folder, and what becomes of those that died in the middle of theirs."""

import base64
import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ganlib.alone import alone, is_free
from ganlib.errors import AtelierError
from tasks.places import RUNS

_LOCK = RUNS / "flow.lock"


@contextmanager
def turn() -> Iterator[None]:
    """Hold this folder's turn. Raises `AtelierError` that names the holder where another flow has it, or the folder where it is
    not to be written to."""
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(_LOCK, _busy))
        except PermissionError as error:
            raise AtelierError(
                f"{error.filename}: expected to be allowed to write here, and am not (did another user run it before?). Nothing "
                "was started. Change the permissions, or work in another folder."
            ) from None
        yield


def _busy(who: str) -> str:
    return f"Another flow is at work in this folder: {who}. Nothing was started. Wait for it or stop it."


def bury_the_dead(api: str) -> int:
    """Mark the runs as crashed that the server at `api` holds for running although no flow lives here; how many there were.

    They would stay Running for ever, and the next night would be cancelled for their sake.
    """
    dead = the_dead(api)
    state = {
        "type": "CRASHED",
        "name": "Crashed",
        "message": "It was stopped from outside. The next run goes on from what it had saved.",
    }
    for run in dead:
        post(f"{api}/flow_runs/{run}/set_state", {"state": state})
    return len(dead)


def the_dead(api: str) -> list[str]:
    """The ids of the runs that the server at `api` holds for running although no flow lives here.

    The turn is only looked at, before the server is asked and after: who held it meanwhile would keep a flow from starting.
    """
    if not nobody_is_here():
        return []
    held = _running(api)
    return held if nobody_is_here() else []


def _running(api: str) -> list[str]:
    alive = {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}
    return [str(run["id"]) for run in post(f"{api}/flow_runs/filter", {"flow_runs": {"state": alive}})]


def nobody_is_here() -> bool:
    """Whether no flow has this folder's turn."""
    return is_free(_LOCK)


def post(url: str, body: dict[str, Any]) -> Any:
    """Ask Prefect's API; what it answers. Raises `OSError` where it does not."""
    headers = {"Content-Type": "application/json"}
    if password := os.environ.get("PREFECT_API_AUTH_STRING"):
        headers["Authorization"] = f"Basic {base64.b64encode(password.encode()).decode()}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the server of this folder
        return json.loads(answer.read() or b"null")
