"""Checkpoints that are whole or not there: tensors in safetensors, a manifest with their digest written last."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ganlib.errors import AtelierError
from ganlib.files import digest_file, write_json

_TENSORS, _MANIFEST = "state.safetensors", "manifest.json"
_DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError)  # what reading something else than was written may raise


def save(folder: Path, images: int, tensors: Mapping[str, Tensor], keep: int = 2, best: bool = False) -> Path:
    """Write the state after `images` pictures to a folder of its own below `folder`; keep the last `keep`, and the best so far.

    The manifest names the run by the folder around `folder`, so that one that was put there from another run is found out.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    partial, final = folder / f".{images:012d}.partial", folder / f"{images:012d}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        _write(lambda: save_file(dict(tensors), partial / _TENSORS), partial)
        told = {"images": images, "run": folder.parent.name, "best": best, "sha256": digest_file(partial / _TENSORS)}
        if _is_whole(final, told):  # removing the only one, to put the same in its place, is a moment in which there is none
            return final
        write_json(partial / _MANIFEST, told)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    best_so_far = [path for path in _folders(folder) if _is_best(path)][-1:]
    for old in _folders(folder)[:-keep]:
        if old not in best_so_far:
            shutil.rmtree(old)
    return final


def load_latest(folder: Path) -> tuple[int, dict[str, Tensor]] | None:
    """The newest whole checkpoint as (pictures shown, tensors); None where there has never been one.

    A damaged one is passed over, aloud, for the one before it. Raises `AtelierError` when all are damaged: a run that
    had learnt something must not silently start anew.
    """
    damaged = []
    for path in reversed(_folders(folder)):
        try:
            return _load(path)
        except _DAMAGED as error:
            print(f"Checkpoint {path} is damaged ({_told(error)}); passing over it for the one before.")
            damaged.append(path)
    if damaged:
        raise AtelierError(
            f"{folder}: expected a whole checkpoint, found {len(damaged)}, all damaged; nothing was started. "
            f"Remove {folder.parent} to train from the beginning."
        )
    return None


def load_best(folder: Path) -> tuple[int, dict[str, Tensor]] | None:
    """The last one that was saved as the best so far, in the same form; None where there is none, or it is damaged, aloud."""
    for path in [path for path in _folders(folder) if _is_best(path)][-1:]:
        try:
            return _load(path)
        except _DAMAGED as error:
            print(f"Checkpoint {path}, the best one, is damaged ({_told(error)}); the last one takes its place.")
    return None


def shown_by(folder: Path) -> int | None:
    """How many pictures had been shown by the last checkpoint, whole or not; None where there is none."""
    found = _folders(folder)
    return int(found[-1].name) if found else None


def _load(path: Path) -> tuple[int, dict[str, Tensor]]:
    """One checkpoint. Raises one of `_DAMAGED` where it is not whole, or another run's."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    manifest = json.loads((path / _MANIFEST).read_text())
    if digest_file(path / _TENSORS) != manifest["sha256"]:
        raise ValueError("its content does not match its digest")
    images, run = int(manifest["images"]), path.parents[1].name
    if path.name != f"{images:012d}":
        raise ValueError(f"it says that it was written after {images} pictures")
    if manifest["run"] != run:
        raise ValueError(f"it is of the run {manifest['run']}, not of {run}")
    try:
        return images, load_file(path / _TENSORS)
    except SafetensorError as error:
        raise ValueError(f"it holds no tensors: {error}") from None


def _is_whole(path: Path, told: Mapping[str, object]) -> bool:
    """Whether the very same state lies there already."""
    try:
        return bool(json.loads((path / _MANIFEST).read_text()) == told) and digest_file(path / _TENSORS) == told["sha256"]
    except _DAMAGED:
        return False


def _told(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def _is_best(path: Path) -> bool:
    """Whether it says of itself that it was the best so far."""
    try:
        return bool(json.loads((path / _MANIFEST).read_text())["best"])
    except _DAMAGED:
        return False


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("[0-9]*") if path.is_dir())


def _write(write: object, folder: Path) -> None:
    """Safetensors says "I/O error" as an exception of its own; say it as what it is."""
    from safetensors import SafetensorError

    assert callable(write)  # noqa: S101
    try:
        write()
    except SafetensorError as error:
        free = shutil.disk_usage(folder).free
        raise AtelierError(
            f"{folder}: a checkpoint could not be written ({error}); {free / 1e6:.0f} MB are free there. The checkpoint "
            "before it is whole. Make room, then run the same command again: it goes on from there."
        ) from None
