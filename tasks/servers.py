"""Where `make up` serves Prefect and MLflow: written down once in `pyproject.toml`, overruled by the tools' own variables."""

import os
import tomllib
from pathlib import Path


def prefect() -> str:
    """The address of Prefect's pages; its API is under `/api`. `PREFECT_API_URL` overrules `[tool.prefect.api]`."""
    url = os.environ.get("PREFECT_API_URL") or _written("prefect", "api", "url")
    return url.rstrip("/").removesuffix("/api")


def mlflow() -> str:
    """The address of MLflow's pages. `MLFLOW_TRACKING_URI`, where it is an address, overrules `[tool.atelier]`."""
    url = os.environ.get("MLFLOW_TRACKING_URI", "")
    return (url if url.startswith("http") else _written("atelier", "mlflow")).rstrip("/")


def _written(*keys: str) -> str:
    value = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]
    for key in keys:
        value = value[key]
    return str(value)
