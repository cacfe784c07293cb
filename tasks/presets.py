"""What the steps of a comparison share: where a preset keeps what, and the one run that all of its records go under."""

import os
from pathlib import Path

from tasks.record import close_parent, shared_parent
from tasks.tracking.store import PARENT


def trial_folder(preset: Path, method: str, seed: int) -> Path:
    """Where the preset in this folder keeps a trial."""
    return preset / "trials" / f"{method}-{seed}"


def results(preset: Path) -> Path:
    """Where the preset in this folder keeps what its trials came to."""
    return preset / "results"


def parent_of(preset: Path) -> str | None:
    """An id for `ATELIER_PARENT_RUN`: the run of the whole comparison, the same whoever asks, as long as its knobs stay the same.

    None when it could not be written down.
    """
    return shared_parent(f"compare-{preset.name}", preset / "params.yaml", {"atelier.preset": preset.name})


def under_one_parent(preset: Path) -> None:
    """Put the records of this process under the run of the whole comparison, unless a flow has named another."""
    if PARENT not in os.environ and (parent := parent_of(preset)):
        os.environ[PARENT] = parent


def end_parent() -> None:
    """End the run that the records of this process go under: the comparison is made."""
    close_parent(os.environ.get(PARENT))
