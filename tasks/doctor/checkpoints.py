"""The checkpoints of every run, held against the digests in their manifests."""

import json
from pathlib import Path

from ganlib.files import digest_file
from tasks import places
from tasks.doctor.base import Finding, listed

NAME = "checkpoints"


def check(fix: bool) -> Finding:
    """One that is damaged is passed over for the one before it; a run that has none whole cannot go on. Nothing is removed."""
    runs = {run.parent: sorted(path for path in run.glob("[0-9]*") if path.is_dir()) for run in places.RUNS.glob("*/checkpoints")}
    damaged = [path for found in runs.values() for path in found if not _whole(path)]
    lost = [run for run, found in runs.items() if found and not set(found) - set(damaged)]
    if lost:
        advice = "Remove the folder: the training begins anew."
        return Finding(NAME, "bad", f"No whole checkpoint is left in {listed(lost)}.", advice)
    if damaged:
        return Finding(NAME, "warn", f"Damaged, and passed over for the one before: {listed(damaged)}.", "Look at the disk.")
    return Finding(NAME, "ok", f"{sum(map(len, runs.values()))} of {len(runs)} runs, all whole.")


def _whole(folder: Path) -> bool:
    try:
        known = json.loads((folder / "manifest.json").read_text())
        return digest_file(folder / "state.safetensors") == str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
