"""The generator among what a run has logged."""

from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.models import Model as Stored

from ganlib.sampling.model import Model
from tasks.tracking import flavours, store

NAME = "generator"


def log_generator(run_id: str, model: Model, folder: Path, step: int = 0, metadata: dict[str, Any] | None = None) -> str | None:
    """Log the generator of `model`, published in `folder`, with the run, in both of its `flavours`.

    `step` (pictures shown) ties the metrics of that step to the model. Returns the model's URI ("models:/m-..."), or None when
    the run has the model already. Raises what torch.export raises for a network that it cannot trace, and what MLflow raises.
    """
    mlflow.set_tracking_uri(store.uri())
    if find_generator(run_id):
        return None
    with mlflow.start_run(run_id=run_id):  # the one call that takes no client
        logged = Stored.log(None, flavours, name=NAME, step=step, metadata=metadata, model=model, folder=folder)
    return str(logged.model_uri)


def find_generator(run_id: str) -> str | None:
    """The URI of the whole generator that the run has; what a broken-off upload left is deleted."""
    client = MlflowClient(store.uri())
    outputs = client.get_run(run_id).outputs
    models = [client.get_logged_model(output.model_id) for output in (outputs.model_outputs if outputs else ())]
    for model in models:
        if str(model.status) != "READY":
            client.delete_logged_model(model.model_id)
    whole = [model for model in models if model.name == NAME and str(model.status) == "READY"]
    return str(whole[0].model_uri) if whole else None
