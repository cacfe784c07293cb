"""The one seam to MLflow: what a step did, told to the tracker, never in the step's way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Record:
    """What MLflow is to hold about one execution of a step, built from the files that the step left."""

    step: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    files: Sequence[Path] = ()
    reads: Sequence[Path] = ()
    writes: Sequence[Path] = ()


def publish(record: Record) -> None:
    """Tell MLflow; never raises, never hangs."""
