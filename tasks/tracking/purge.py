"""Runs that a person deleted in MLflow: taken from the database for good once that is long ago."""

import subprocess
import sys
import time

from mlflow import MlflowClient
from mlflow.entities import ViewType

from tasks.tracking import store
from tasks.tracking.generator import NAME


def purge(days: float) -> int:
    """Remove runs deleted at least `days` ago, but none that a version in the registry came from; how many there were.

    A run keeps no time of its deletion that a client may read; MLflow's own command knows it, and leaves the younger ones.
    """
    client = MlflowClient(store.uri())
    experiments = [found.experiment_id for found in client.search_experiments(ViewType.ALL)]
    deleted = _ids(client, experiments)
    named = {str(version.run_id) for version in client.search_model_versions(f"name = '{NAME}'")} if deleted else set()
    gone = sorted(deleted - named)
    if not gone:
        return 0
    database = store.uri()
    for run in gone:  # one by one: a run that is too young ends the command
        command = [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", database, "--run-ids", run]
        command += ["--older-than", f"{int(days)}d{int(24 * (days % 1))}h"]
        subprocess.run(command, capture_output=True, timeout=60, check=False)
        if time.monotonic() > _until:
            break
    return len(deleted - _ids(client, experiments))


_until = time.monotonic() + 90.0  # the rest is for the next night


def _ids(client: MlflowClient, experiments: list[str]) -> set[str]:
    found, token = set(), None
    while True:
        page = client.search_runs(experiments, run_view_type=ViewType.DELETED_ONLY, page_token=token)
        found |= {run.info.run_id for run in page}
        token = page.token
        if not token:
            return found
