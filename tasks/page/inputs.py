"""What the page and the card are made of, read from where the other steps left it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganlib.errors import AtelierError
from tasks import places

if TYPE_CHECKING:
    from ganlib.pictures.decode import Pixels
    from ganlib.pictures.store import Store
    from ganlib.sampling.card import Facts


@dataclass(frozen=True)
class Places:
    """Where the inputs lie. evaluation, diagnosis, control: need not be there; the page then says what is missing."""

    params: Path = Path("params.yaml")
    dataset: Path = places.DATASET
    model: Path = places.MODEL
    samples: Path = places.SAMPLES
    scores: Path = places.SCORES
    plots: Path = places.PLOTS
    evaluation: Path = places.EVALUATION
    diagnosis: Path = places.DIAGNOSIS
    control: Path = places.CONTROL


@dataclass(frozen=True)
class Inputs:
    """What lay there. history, looks, evaluation, diagnosis, control: empty where there was none. drawn: uint8 [N, H, W, C]."""

    params: str
    store: "Store"
    model: dict[str, Any]
    history: list[dict[str, Any]]
    looks: list[dict[str, Any]]
    sheets: list[Path]
    drawn: "Pixels"
    grid: bytes
    interpolation: bytes
    scores: dict[str, Any]
    plots: list[Path]
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    diagnosis: Mapping[str, Any] = field(default_factory=dict)
    control: Mapping[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> "Facts":
        """For the model's card."""
        from ganlib.sampling.card import facts_of

        more = {"scores": self.scores, "evaluation": self.evaluation, "diagnosis": self.diagnosis}
        return facts_of(self.model, self.store, sheet="samples.png", **more)


def read_inputs(where: Places) -> Inputs:
    """All of them. Raises `AtelierError`, which names the file and what makes it, where one is missing or damaged."""
    import numpy as np

    from ganlib.pictures.store import Store

    scores, model = _json(where.scores), _json(where.model / "model.json")
    return Inputs(
        _bytes(where.params).decode(),
        Store.open(where.dataset),
        model,
        _lines(where.model / "history.jsonl"),
        _lines(where.model / "watch.jsonl"),
        sorted((where.model / "samples").glob("*.png")),
        np.load(_there(where.samples / "pictures.npy"), mmap_mode="r", allow_pickle=False),
        _bytes(where.samples / "grid.png"),
        _bytes(where.samples / "interpolation.png"),
        scores,
        sorted(where.plots.glob("*.png")),
        _json(where.evaluation) if where.evaluation.exists() else {},
        _json(where.diagnosis) if where.diagnosis.exists() else {},
        _json(where.control) if where.control.exists() else {},
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    from ganlib.training.history import read

    return read(path) if path.exists() else []


def _there(path: Path) -> Path:
    if not path.exists():
        raise AtelierError(f"{path}: expected the result of an earlier step here, found none. Run `dvc repro` or `make run`.")
    return path


def _bytes(path: Path) -> bytes:
    return _there(path).read_bytes()


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(_bytes(path))
    except ValueError as error:
        raise AtelierError(f"{path}: expected JSON, found it damaged ({error}). Run `dvc repro` or `make run`.") from None
    return found
