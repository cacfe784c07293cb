"""The run of a whole flow, parent of the runs of its steps; one that could not be made yet has a note in the spool.

`ATELIER_PARENT_RUN` holds the id of a run, or, while no server answers, "waiting-" and the name of such a note.
"""

import json
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from ganlib.files import write_json
from tasks.tracking.spool import SPOOL

if TYPE_CHECKING:  # a flow imports this, and must not import MLflow
    from tasks.tracking.run import Run, Tracker

FLOW = "atelier.flow"
WAITING = "waiting-"


def note(name: str, tags: dict[str, str]) -> str:
    """Remember a parent that is to be made later; returns what stands for its id."""
    stand_in = f"{WAITING}{uuid.uuid4().hex}"
    write_json(_path(stand_in), {"name": name, "tags": tags, "started": int(1000 * time.time())})
    return stand_in


def shared(name: str, digest: str, tags: dict[str, str]) -> str:
    """What stands for a parent that processes have in common which know nothing of each other: made of `name` and `digest`.

    The first record under it makes its run; where there is one already, that is taken.
    """
    stand_in = f"{WAITING}{name}-{digest}"
    if not _path(stand_in).exists():
        write_json(_path(stand_in), {"name": name, "tags": tags, "started": int(1000 * time.time())})
    return stand_in


def note_end(parent: str, status: str) -> None:
    """Remember that the flow has ended, for `end_all`."""
    write_json(_path(parent), {**_read(parent), "status": status, "ended": int(1000 * time.time())})


def resolve(tracker: "Tracker", parent: str) -> "Run | None":
    """The run behind what `ATELIER_PARENT_RUN` holds; one that waited is made now. None when this store has none."""
    if not parent.startswith(WAITING):
        return tracker.open(parent)
    with FileLock(SPOOL / ".parents.lock", timeout=60):  # of two that look for it at once, one makes it
        known = _read(parent)
        if (found := tracker.find(FLOW, parent)) or not known:
            return found
        return tracker.create(known["name"], {**known["tags"], FLOW: parent}, known["started"])


def end_all(tracker: "Tracker") -> None:
    """Make and end the runs of the flows that have ended in the meantime."""
    for path in sorted(SPOOL.glob("parent-*.json")):
        parent = path.stem.removeprefix("parent-")
        if status := _read(parent).get("status"):
            if run := resolve(tracker, parent):
                run.end(status, _read(parent)["ended"])
            path.unlink()


def _path(parent: str) -> Path:
    return SPOOL / f"parent-{parent}.json"


def _read(parent: str) -> dict[str, Any]:
    try:
        return dict(json.loads(_path(parent).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
