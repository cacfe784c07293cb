"""Named directions of a model's codes: what `directions.json` says, in the model's folder, beside it, or where such are kept."""

import json
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganlib.errors import AtelierError
from ganlib.knobs import unknown
from tasks import places

NAME = "directions.json"
KEPT = places.RUNS / "directions"  # a folder for each model, by the first digits of its digest
RANGE = (-3.0, 3.0)


@dataclass(frozen=True)
class Direction:
    """name: what moves most along it. vector: [latent], what is added to a code for one unit. low, high: units, at most."""

    name: str
    vector: Tensor
    low: float
    high: float


def read_directions(folder: Path, latent: int, digest: str = "") -> tuple[Direction, ...]:
    """The directions of the model in `folder`, whose generator has this digest; none where there is no such file.

    It holds {"directions": list, "model": digest}, or the list alone, of {"name", "vector" or "coordinates": [latent numbers],
    "range": [low, high]}; without a range it is from -3 to 3. Raises `AtelierError` where it holds something else, vectors that
    do not fit, or the directions of another model.
    """
    homes = (folder, folder.parent, KEPT / digest[:16])
    path = next((home / NAME for home in homes if (home / NAME).is_file()), None)
    if path is None:
        return ()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        whose, entries = (content.get("model", digest), content["directions"]) if isinstance(content, dict) else (digest, content)
        found = tuple(_direction(entry, latent) for entry in entries)
    except (ValueError, KeyError, TypeError) as error:
        raise AtelierError(
            f"{path}: expected a list of directions, each with name, vector ({latent} numbers) and range, found something else "
            f"({type(error).__name__}: {error}). None is shown. Find them again, or remove the file."
        ) from None
    if whose != digest:
        raise AtelierError(
            f"{path}: expected directions of the model {digest[:12]}, found another's. None is shown. Find them again."
        )
    return found


def _direction(entry: dict[str, Any], latent: int) -> Direction:
    vector = torch.tensor(entry["vector"] if "vector" in entry else entry["coordinates"], dtype=torch.float32)
    low, high = map(float, entry.get("range", RANGE))
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
