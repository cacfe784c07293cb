"""The folder of a run in progress: named by what decides its result, locked while somebody trains in it."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ganlib.alone import alone, is_free
from ganlib.errors import AtelierError
from ganlib.files import digest_bytes, write_json


def folder_for(runs: Path, identity: Mapping[str, Any]) -> Path:
    """`runs`/<hash of the identity>: configuration, data set, shape of its pictures."""
    return runs / digest_bytes(json.dumps(identity, sort_keys=True).encode())[:16]


def claim(folder: Path, identity: Mapping[str, Any]) -> None:
    """Write down what the run is on its first day; raise `AtelierError` where the folder holds another one."""
    path = folder / "run.json"
    if not path.exists():
        write_json(path, identity)
        return
    found = told_by(path)
    wanted = json.loads(json.dumps(identity))
    changed = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
    if changed:
        raise AtelierError(
            f"{path}: expected the run that params.yaml describes, found another one (differs in {', '.join(changed)}); "
            f"nothing was touched. Move {folder} away to start anew."
        )


def told_by(path: Path) -> dict[str, Any]:
    """What a file of the run says. Raises `AtelierError` where it is damaged."""
    try:
        found = json.loads(path.read_text())
        if isinstance(found, dict):
            return found
    except (ValueError, UnicodeDecodeError):
        pass
    raise AtelierError(
        f"{path}: expected what the training wrote there on its first day, found something else; nothing was started. Put it "
        f"back, or remove {path.parent} to train from the beginning."
    )


def locked(folder: Path) -> AbstractContextManager[None]:
    """Hold the run for this process. Raises `AtelierError` naming the holder where another process has it."""
    return alone(
        folder / "lock",
        lambda who: f"{folder}: {who} trains this very run already; nothing was started. Wait for it or stop it.",
    )


def is_at_rest(folder: Path) -> bool:
    """Whether nobody trains in it now."""
    return is_free(folder / "lock")
