"""The registry to look at: which versions there are, and the files of one. Nothing is made or changed there."""

from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tasks.tracking import store
from tasks.tracking.generator import NAME
from tasks.tracking.registry import ALIAS, GENERATOR, Registry
from tasks.tracking.verdict import called


def versions() -> list[dict[str, Any]]:
    """Each version that the project registered, the newest first: number, digest (of its weights), and whether it is champion."""
    database = store.database()
    if database is not None and not database.exists():
        return []
    client = MlflowClient(store.uri())
    try:
        champion = str(client.get_registered_model(NAME).aliases.get(ALIAS, ""))
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return []
        raise
    found = sorted(client.search_model_versions(f"name = '{NAME}'"), key=lambda version: -int(version.version))
    return [
        {"number": str(one.version), "digest": one.tags[GENERATOR], "champion": str(one.version) == champion}
        for one in found
        if one.tags.get(GENERATOR)
    ]


def fetch(number: str, folder: str) -> str:
    """Download what was published of a version into `folder`; returns why that is not possible, or ""."""
    registry = Registry(MlflowClient(store.uri()))
    version = registry.version(number)
    return registry.fetch(version, Path(folder)) if version else f"{called(number)} is not there any more"
