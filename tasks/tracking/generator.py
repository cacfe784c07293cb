"""The generator as a model in MLflow: a traced graph (`pt2`), which is loaded without pickle and without our code."""

import copy
from importlib.metadata import version
from typing import Any

import mlflow
import numpy as np
import torch
from mlflow import MlflowClient
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec
from torch import nn

from tasks.tracking import store

NAME = "generator"


def log_generator(
    run_id: str, generator: nn.Module, latent: int, step: int = 0, metadata: dict[str, Any] | None = None
) -> str | None:
    """Log `generator` with the run: latent vectors [N, latent] to pictures [N, C, H, W] in [-1, 1], float32.

    A copy for evaluation on the CPU is traced, with a free N; the module itself stays as it is. `step` (pictures shown)
    ties the metrics of that step to the model. Returns the model's URI ("models:/m-..."), or None when the run has the
    model already. Raises what torch.export raises for a network that it cannot trace, and what MLflow raises.
    """
    mlflow.set_tracking_uri(store.uri())
    if find_generator(run_id):
        return None
    traced = copy.deepcopy(generator).eval().requires_grad_(False).to("cpu", torch.float32)
    example = torch.randn(4, latent, generator=torch.Generator().manual_seed(0))  # more than one, or N is traced as 1
    with mlflow.start_run(run_id=run_id):  # the one call that takes no client
        logged = mlflow.pytorch.log_model(
            traced,
            name=NAME,
            signature=_signature(traced, example),
            input_example=example,
            serialization_format="pt2",
            pip_requirements=[f"torch=={_public('torch')}", f"numpy=={_public('numpy')}"],  # else MLflow runs it to find out
            step=step,
            metadata=metadata,
        )
    return str(logged.model_uri)


def _signature(generator: nn.Module, example: torch.Tensor) -> ModelSignature:
    with torch.no_grad():
        pictures = generator(example)
    tensors = {"latent": example, "pictures": pictures}
    latent, drawn = (Schema([TensorSpec(np.dtype("float32"), (-1, *value.shape[1:]), name)]) for name, value in tensors.items())
    return ModelSignature(inputs=latent, outputs=drawn)


def _public(package: str) -> str:
    return version(package).split("+")[0]  # without "+cpu", which no registry has


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
