"""Places of Prefect's limits that are taken although no flow lives in this folder."""

from typing import Any

from flows import services, turn
from tasks.doctor.base import Finding, listed

NAME = "slots"


def check(fix: bool) -> Finding:
    """With `fix` they are given back; the server would do so itself, minutes later."""
    url = services.url_of("prefect")
    if url is None:
        return Finding(NAME, "ok", "Prefect's server is down.")
    if not turn.nobody_is_here():
        return Finding(NAME, "ok", "A flow is at work here.")
    taken = [limit for limit in _limits(url) if limit["active_slots"]]
    if not taken:
        return Finding(NAME, "ok", "None is taken.")
    found = f"Taken, and no flow lives here: {listed([limit['name'] for limit in taken])}."
    if not fix:
        return Finding(NAME, "warn", found, "python -m flows.doctor --fix")
    for limit in taken:
        given = {"names": [limit["name"]], "slots": limit["active_slots"]}
        turn.post(f"{url}/api/v2/concurrency_limits/decrement", given)
    return Finding(NAME, "ok", found, "", tuple(f"{limit['name']} given back" for limit in taken))


def _limits(url: str) -> list[dict[str, Any]]:
    return list(turn.post(f"{url}/api/v2/concurrency_limits/filter", {}))
