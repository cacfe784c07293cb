"""Runs that a person deleted in MLflow: taken from the database for good once that is long ago."""

import subprocess
import sys
import time
from collections.abc import Iterable
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Experiment, ViewType
from mlflow.entities.model_registry import ModelVersion

from tasks.tracking import store
from tasks.tracking.verdict import called


def purge(days: float) -> dict[str, Any]:
    """Remove runs deleted at least `days` ago, but none that a version in the registry came from.

    Returns `gone`, how many there were, and `kept`, a sentence where all were left, for MLflow's own command would take more than
    it is told to. A run keeps no time of its deletion that a client may read; the command knows it, and leaves the younger ones.
    """
    client = MlflowClient(store.uri())
    experiments = client.search_experiments(ViewType.ALL)
    places = [found.experiment_id for found in experiments]
    versions = client.search_model_versions()
    deleted = _ids(client, places)
    due = sorted(deleted - {str(version.run_id) for version in versions})
    if not due or (kept := _also_taken(experiments, versions)):
        return {"gone": 0, "kept": kept if due else ""}
    for run in due:  # one by one: a run that is too young ends the command
        command = [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", store.uri(), "--run-ids", run]
        command += ["--older-than", f"{int(days)}d{int(24 * (days % 1))}h"]
        subprocess.run(command, capture_output=True, timeout=60, check=False)
        if time.monotonic() > _until:
            break
    return {"gone": len(deleted - _ids(client, places)), "kept": ""}


_until = time.monotonic() + 90.0  # the rest is for the next night


def _also_taken(experiments: Iterable[Experiment], versions: Iterable[ModelVersion]) -> str:
    """Why the command may not be called: whatever runs it is given, it takes deleted experiments and logged models with them."""
    experiment = next((found.name for found in experiments if found.lifecycle_stage == "deleted"), None)
    gone = store.deleted_models()
    version = next((found for found in versions if (found.model_id or str(found.source).removeprefix("models:/")) in gone), None)
    if experiment is not None:
        what = f"the experiment {experiment} is deleted, too, and would go with all its runs, a champion's among them"
        ways = "Restore it in MLflow, or remove it for good by `mlflow gc --experiment-ids`."
    elif version is not None:
        what = f"the logged model of {version.name}, {called(str(version.version))}, is deleted, too, and would go with them"
        ways = "Delete that version, too, where nobody needs it."
    else:
        return ""
    return f"expected to remove only runs that were deleted, found that {what}; nothing was removed. {ways}"


def _ids(client: MlflowClient, experiments: list[str]) -> set[str]:
    found, token = set(), None
    while True:
        page = client.search_runs(experiments, run_view_type=ViewType.DELETED_ONLY, page_token=token)
        found |= {run.info.run_id for run in page}
        token = page.token
        if not token:
            return found
