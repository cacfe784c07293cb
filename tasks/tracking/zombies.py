"""Runs that MLflow holds for running although nobody tells them any more: their process was killed."""

from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout
from mlflow import MlflowClient

from tasks.places import RUNS
from tasks.tracking import spool, store


def zombies(mine: bool, end: bool) -> list[str]:
    """The ids of RUNNING runs of the project that no training here tells; with `end` they are ended as KILLED.

    mine: whether the store is this folder's alone, and no flow is at work; if not, only the trainings that this folder knows of
    are looked at, for the others may be alive on another machine.
    """
    client = MlflowClient(store.uri())
    experiment = client.get_experiment_by_name(store.EXPERIMENT)
    if experiment is None:
        return []
    running = {run.info.run_id for run in client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")}
    known = {entry.run: path.parent for path in RUNS.glob(f"*/{spool.LIVE}") if (entry := spool.read(path))}
    told = {run for run, folder in known.items() if run and _held(folder)}
    dead = sorted((running if mine else running & known.keys()) - told)
    for run in dead if end else ():
        client.set_terminated(run, "KILLED")
    return dead


def _held(folder: Path) -> bool:
    with suppress(Timeout), FileLock(folder / spool.LOCK, timeout=0):
        return False
    return True
