"""What the tests of promotion share: models with scores, and questions to the registry."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput
from recording import project

import tasks.promote
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.sampling.model import Model, write_model
from tasks import places
from tasks.tracking import candidates, store, worker
from tasks.tracking.registry import ALIAS, NAME, Registry

__all__ = ["project", "studio"]

PROJECT = Path(__file__).parents[1]
FINGERPRINT = {
    "extractor": "pixels",
    "weights": "none",
    "size": 4,
    "resize": "bicubic, antialiased",
    "quantisation": "rounded to 256 levels",
    "normalisation": "x / 255",
    "generated": 24,
    "reference": 24,
    "reference_digest": "d" * 32,
    "split": "heldout",
    "seed": 0,
    "neighbours": 5,
}


def made(number: int, value: float, error: float = 3.0, **fingerprint: Any) -> None:
    """A trained model, other weights for another number, in artifacts/model, and its scores in metrics/evaluate.json."""
    model(number)
    scored(value, error, **fingerprint)


def scored(value: float, error: float = 3.0, **fingerprint: Any) -> None:
    """Scores of the trained model in metrics/evaluate.json."""
    scores = {
        "fd_pixels": {"value": value, "standard_error": error, "floor": 1.0, "n": 24},
        "coverage": {"value": 0.5, "standard_error": 0.0, "floor": 1.0, "n": 24},
    }
    places.METRICS.mkdir(exist_ok=True)
    places.SCORES.write_text(json.dumps({**scores, "fingerprint": {**FINGERPRINT, **fingerprint}}))


def model(number: int, size: int = 16) -> None:
    """A trained model for pictures of `size` pixels, in artifacts/model; its weights are made of `number`."""
    shutil.rmtree(places.MODEL, ignore_errors=True)
    places.MODEL.mkdir(parents=True)
    method = Gan(network=Dcgan(latent=6, width=4))
    torch.manual_seed(number)
    card = {"dataset": "5" * 32, "size": size, "channels": 3, "latent": 6, "kimg": 13.0}
    write_model(places.MODEL, {"generator": method.generator(size, 3)}, method, card)


@pytest.fixture
def studio(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with parameters, whose worker runs in this process and traces no generator, which saves seconds each."""
    shutil.copy(PROJECT / "params.yaml", project)
    monkeypatch.setattr("tasks.tracking.judge.log_generator", _log_untraced)
    orders: dict[str, Callable[..., Any]] = {"promote": worker.promote, "rollback": worker.rollback, "versions": worker.versions}

    def ask(order: str, arguments: list[Any], patience: float) -> tuple[Any, str]:
        if not store.answers(0.5):
            return None, "nothing answers"
        try:
            return json.loads(json.dumps(orders[order](*arguments))), ""
        except Exception as error:
            return None, store.redact(f"{type(error).__name__}: {error}")

    monkeypatch.setattr(tasks.promote, "ask", ask)
    return project


def _log_untraced(run_id: str, model: Model, folder: Path, step: int) -> str:
    """What the registry sees of a generator that was logged with a run."""
    experiment = client().get_run(run_id).info.experiment_id
    logged = client().create_logged_model(experiment, name=NAME, source_run_id=run_id)
    client().finalize_logged_model(logged.model_id, "READY")
    client().log_outputs(run_id, [LoggedModelOutput(logged.model_id, step)])
    client().set_terminated(run_id)
    return f"models:/{logged.model_id}"


def client() -> MlflowClient:
    """A client of the store in use."""
    return MlflowClient(store.uri())


def champion() -> str | None:
    """The number of the version that bears the alias."""
    number = client().get_registered_model(NAME).aliases.get(ALIAS)
    return str(number) if number else None


def versions() -> list[str]:
    """The numbers of all versions, in their order."""
    return sorted((str(found.version) for found in client().search_model_versions(f"name = '{NAME}'")), key=int)


def registry() -> Registry:
    """The registered model."""
    return Registry(client())


def shown() -> dict[str, Any]:
    """What `.runs/promotion.json` says."""
    return dict(json.loads(places.DECISION.read_text()))


def command(*arguments: str) -> list[str]:
    """The command of a person."""
    return [sys.executable, "-m", "tasks.promote", *arguments]


def waiting() -> int:
    """How many candidates wait."""
    return len(candidates.waiting())
