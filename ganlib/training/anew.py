"""Why a run begins at nothing although another one was broken off: said by the names of what has changed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganlib.training.checkpoint import shown_by
from ganlib.training.run_folder import is_at_rest


def why_anew(folder: Path, identity: Mapping[str, Any]) -> str | None:
    """A sentence for the person who expects the last run to go on; None where nothing was broken off, or this run goes on itself.

    folder: this run's, beside those of the others. identity: what names it.
    """
    if shown_by(folder / "checkpoints") is not None:
        return None
    last = _last_broken_off(folder)
    if last is None:
        return None
    other, found, images = last
    changed = ", ".join(_changed(found, json.loads(json.dumps(identity))))
    where = f"{other}, broken off after {images / 1000:g} kimg"
    return f"Begins anew, and does not go on from the last run ({where}): it differs in {changed}."


def _last_broken_off(folder: Path) -> tuple[Path, dict[str, Any], int] | None:
    """The run beside `folder` that was worked at last, what names it and how far it came; None if that ended, or goes on."""
    others = (path for path in folder.parent.glob("*/checkpoints") if path.parent != folder)
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[-1:]:
        try:
            found, images = json.loads((path.parent / "run.json").read_text()), shown_by(path)
            if images and images < 1000 * found["train"]["kimg"] and is_at_rest(path.parent):
                return path.parent, found, images
        except (OSError, ValueError, KeyError, TypeError):
            pass  # what is damaged there is nobody's concern here
    return None


def _changed(found: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str = "") -> list[str]:
    """The names of the values that differ, those within others by their path: `train.seed`."""
    names = []
    for key in sorted({*found, *wanted}):
        ours, theirs = found.get(key), wanted.get(key)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            names += _changed(ours, theirs, f"{prefix}{key}.")
        elif ours != theirs:
            names.append(f"{prefix}{key}")
    return names
