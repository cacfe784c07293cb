"""Flow runs that Prefect's server holds for running although no flow lives in this folder."""

from flows import services, turn
from tasks.doctor.base import Finding

NAME = "flow-runs"


def check(fix: bool) -> Finding:
    """Asked of the server of `make up` alone: on another one they may be alive elsewhere."""
    url = services.url_of("prefect")
    if url is None:
        return Finding(NAME, "ok", "Prefect's server is down.")
    dead = turn.the_dead(f"{url}/api")
    if not dead:
        return Finding(NAME, "ok", "None is Running without a flow that lives.")
    found = f"{len(dead)} flow runs are held for running, and no flow lives here."
    if not fix:
        return Finding(NAME, "warn", found, "python -m flows.doctor --fix")
    return Finding(NAME, "ok", found, "", (f"{turn.bury_the_dead(f'{url}/api')} marked as Crashed",))
