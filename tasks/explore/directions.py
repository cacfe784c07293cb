"""Named directions of a model's codes: what `directions.json` in the model's folder, or beside it, says."""

import json
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import torch
from torch import Tensor

from ganlib.errors import AtelierError
from ganlib.knobs import unknown

NAME = "directions.json"
RANGE = (-3.0, 3.0)


@dataclass(frozen=True)
class Direction:
    """name: what moves most along it. vector: [latent], what is added to a code for one unit. low, high: units, at most."""

    name: str
    vector: Tensor
    low: float
    high: float


def read_directions(folder: Path, latent: int) -> tuple[Direction, ...]:
    """The directions of the model in `folder`; none where there is no such file.

    It holds a list of {"name", "vector": [latent numbers], "range": [low, high]}, or such a list under "directions". Raises
    `AtelierError` where it holds something else, or vectors that do not fit.
    """
    path = next((place / NAME for place in (folder, folder.parent) if (place / NAME).is_file()), None)
    if path is None:
        return ()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        entries = content["directions"] if isinstance(content, dict) else content
        return tuple(_direction(entry, latent) for entry in entries)
    except (ValueError, KeyError, TypeError) as error:
        raise AtelierError(
            f"{path}: expected a list of directions, each with name, vector ({latent} numbers) and range, found something else "
            f"({type(error).__name__}: {error}). None is shown. Find them again, or remove the file."
        ) from None


def _direction(entry: dict[str, object], latent: int) -> Direction:
    vector = torch.tensor(entry["vector"], dtype=torch.float32)
    low, high = map(float, entry.get("range", RANGE))  # type: ignore[call-overload]
    if vector.shape != (latent,) or not torch.isfinite(vector).all() or not (isfinite(low) and isfinite(high) and low < high):
        raise ValueError(f"{entry['name']} has a vector of {list(vector.shape)} numbers and goes from {low:g} to {high:g}")
    return Direction(str(entry["name"]), vector, low, high)


def along(codes: Tensor, directions: tuple[Direction, ...], amounts: dict[str, float]) -> Tensor:
    """Codes [N, latent] moved along directions by so many units each. Raises `AtelierError` for others, or for too many units."""
    known = {direction.name: direction for direction in directions}
    for name, amount in amounts.items():
        if name not in known:
            listed = unknown("direction", name, known) if known else "there: this model has none"
            raise AtelierError(f"{name[:80]}: expected a direction that {listed}. Nothing was drawn.")
        direction = known[name]
        if not direction.low <= amount <= direction.high:
            raise AtelierError(
                f"{name[:80]}: expected a number from {direction.low:g} to {direction.high:g}, found {amount:g}. "
                "Nothing was drawn."
            )
        codes = codes + amount * direction.vector
    return codes
