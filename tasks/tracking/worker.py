"""The process that tells MLflow what waits: started by `tasks.record`, killed by it when it takes too long."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tasks.tracking import spool, store

AWAY = 3  # the exit code when nothing answers


def send() -> list[str]:
    """Send all that waits, the oldest first; returns what went wrong, a sentence each. Raises when the store is away."""
    from tasks.tracking import parents
    from tasks.tracking.deliver import deliver
    from tasks.tracking.run import Tracker

    troubles = []
    spool.SPOOL.mkdir(parents=True, exist_ok=True)
    with FileLock(spool.SPOOL / ".lock", timeout=30):
        tracker = Tracker()
        for folder in spool.waiting():
            entry = spool.read(folder / spool.ENTRY)
            try:
                if entry is None:
                    raise ValueError(f"{folder / spool.ENTRY} is damaged")
                deliver(tracker, entry, folder)
                shutil.rmtree(folder)
            except Exception as error:
                tracker = Tracker()  # raises if it was the store that failed, and then the others would fail too
                troubles.append(store.redact(f"{folder.name}: {type(error).__name__}: {error}"))
        for folder in spool.unfinished():
            troubles += _end_broken_off(folder)
        parents.end_all(tracker)
    return troubles


def _end_broken_off(folder: Path) -> list[str]:
    """Complete the live record of a training that nobody tells any more; one that is going on is left alone."""
    from tasks.tracking.follow import Follower

    try:
        with FileLock(folder / spool.LOCK, timeout=0):
            follower = Follower(folder)
            told = follower.finish(follower.entry.status or "KILLED")
            return [] if told else [f"{folder.name}: {follower.trouble}"]
    except Timeout:
        return []


def open_parent(name: str, tags: dict[str, str]) -> str:
    """Make the run of a flow; returns its id."""
    from tasks.tracking.run import Tracker

    return Tracker().create(name, tags).id


def close_parent(run_id: str, status: str) -> None:
    """End the run of a flow."""
    from tasks.tracking import parents
    from tasks.tracking.run import Tracker

    if run := parents.resolve(Tracker(), run_id):
        run.end(status)


def promote(knobs: dict[str, Any], folder: str, again: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send what waits, for a model is registered with the run of its training, then judge the candidates; see `judge`."""
    from tasks.tracking import judge

    send()
    return judge.promote(knobs, folder, again)


def rollback() -> dict[str, Any]:
    """Put the last champion back; see `judge`."""
    from tasks.tracking import judge

    return judge.rollback()


def versions() -> list[dict[str, Any]]:
    """The registry's versions; see `versions`."""
    from tasks.tracking import versions as registry

    return registry.versions()


def fetch(number: str, folder: str) -> str:
    """The files of a version, into `folder`; see `versions`."""
    from tasks.tracking import versions as registry

    return registry.fetch(number, folder)


def purge(days: float) -> dict[str, Any]:
    """Remove for good what a person deleted long ago; see `purge`."""
    from tasks.tracking import purge as bin

    return bin.purge(days)


def zombies(mine: bool, end: bool) -> list[str]:
    """Runs that are RUNNING and that nobody tells; see `zombies`."""
    from tasks.tracking import zombies as dead

    return dead.zombies(mine, end)


def main() -> None:
    """Do what the first argument names with the JSON list on standard input; the answer is JSON on standard output.

    The second argument is the time in seconds after which it ends itself, should the one who started it be gone.
    """
    signal.alarm(int(sys.argv[2]))
    answer = os.dup(1)
    os.dup2(2, 1)  # what MLflow prints is no answer
    if not store.answers():
        sys.exit(AWAY)
    orders = {"send": send, "open": open_parent, "close": close_parent, "promote": promote, "rollback": rollback}
    orders |= {"versions": versions, "fetch": fetch, "purge": purge, "zombies": zombies}
    result = orders[sys.argv[1]](*json.load(sys.stdin))  # type: ignore[operator]
    os.write(answer, json.dumps(result).encode())


if __name__ == "__main__":
    main()
