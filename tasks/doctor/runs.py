"""Runs that MLflow holds for running although nobody tells them any more."""

from pathlib import Path

from tasks.doctor.base import Finding, listed
from tasks.doctor.living import working
from tasks.tracking import spool, store
from tasks.tracking.ask import ask

NAME = "runs"
_PATIENCE = 60.0


def check(fix: bool) -> Finding:
    """In a store that others may use, too, only the trainings that this folder knows of are looked at."""
    database = store.database()
    if database is not None and not database.exists():
        return Finding(NAME, "ok", "MLflow has no record here yet.")
    if not store.answers():
        return Finding(NAME, "warn", f"MLflow at {store.shown()} does not answer.", "make up; what is to be told waits.")
    if fix and spool.unfinished():
        ask("send", [], _PATIENCE)  # tells the end of trainings that broke off, with all that is known of them
    dead, why = ask("zombies", [_alone(), fix], _PATIENCE)
    if why:
        return Finding(NAME, "warn", f"MLflow at {store.shown()} could not be asked ({why}).", "Ask again later.")
    if not dead:
        return Finding(NAME, "ok", "No run is RUNNING that nobody tells.")
    found = f"RUNNING, and nobody tells them: {listed(dead)}."
    if not fix:
        return Finding(NAME, "warn", found, "python -m flows.doctor --fix")
    return Finding(NAME, "ok", found, "", tuple(f"run {run} ended as KILLED" for run in dead))


def _alone() -> bool:
    """Whether all that could tell a run would be a process of this folder, and there is none.

    To a server, be it on this machine or even this folder's own, other folders tell theirs, too.
    """
    database = store.database()
    return database is not None and database.resolve().is_relative_to(Path.cwd()) and not working()
