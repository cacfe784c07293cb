"""Whether there is room for what the parameters ask for, and who takes up what there is."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import places
from tasks.doctor.base import Finding, State
from tasks.litter import gigabytes, size_of

if TYPE_CHECKING:
    from ganlib.config import Params

NAME = "disk"
_SPARE = 5e8  # bytes: databases, logs, reports
_RAW = 1.0  # bytes a pixel of a picture as it comes, at most; kept as build/raw, as data/ and in the cache
_SHELF = 23_000 / 32**2  # bytes a pixel that curating remembers (README)


def check(fix: bool) -> Finding:
    """Too little is bad, less than twice what is needed to be looked at."""
    from ganlib.config import load

    need, free = needed(load()), shutil.disk_usage(Path()).free
    taken = {"DVC's cache": Path(".dvc/cache"), "runs": places.RUNS, "MLflow": Path(".mlflow"), "data": places.DATA}
    used = ", ".join(f"{name} {gigabytes(size_of(path))}" for name, path in taken.items() if path.exists())
    found = f"{gigabytes(free)} free, some {gigabytes(need)} needed for a run of params.yaml{f'; {used}' if used else ''}."
    state: State = "bad" if free < need else "warn" if free < 2 * need else "ok"
    return Finding(NAME, state, found, "" if state == "ok" else "Free some space, or lower params.yaml, section keep.")


def needed(params: "Params") -> float:
    """Bytes that a run from nothing would write, roughly: pictures thrice, what is known of them, checkpoints, spare room."""
    number = getattr(params.collect, "number", 0) or _collected()
    side = getattr(params.collect, "size", params.curate.size)
    pictures = number * (3 * _RAW * side**2 + (2 * 3 + _SHELF) * params.curate.size**2)
    return pictures + 4 * _checkpoint() + _SPARE


def _collected() -> int:
    from ganlib.pictures.store import Store

    try:
        store = Store.open(places.DATASET, verify=False)
    except Exception:
        return 0
    return len(store.train) + len(store.heldout)


def _checkpoint() -> int:
    """The largest checkpoint there is; the default network's where there is none."""
    return max((size_of(path.parent) for path in places.RUNS.glob("*/checkpoints/*/manifest.json")), default=50_000_000)
