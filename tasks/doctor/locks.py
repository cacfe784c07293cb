"""Who holds what here, and what was left by holders that are dead.

The system lets go of a lock itself when its holder dies; what can stay are the files that say who it was, and DVC's own list.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganlib.alone import holder_of, is_free, who
from ganlib.files import write_json
from tasks import places
from tasks.doctor.base import Finding, listed
from tasks.doctor.living import alive, working

NAME = "locks"
_DVC = (Path(".dvc/tmp/rwlock"), places.COMPARE / ".dvc/tmp/rwlock")


def check(fix: bool) -> Finding:
    """A lock that is held is no illness; the file of a holder that lives no more is."""
    held = [f"{lock.parent}: {holder}" for lock, holder in _held()]
    stale = [*_stale_holders(), *(path for path in _DVC if _is_stale(path))]
    fixed = tuple(sentence for path in stale if fix and (sentence := _mended(path)))
    found = f"Held: {listed(held)}." if held else "Nobody holds a lock."
    if not stale:
        return Finding(NAME, "ok", found)
    found = f"{found} Left by dead processes: {listed(stale)}."
    left = len(stale) - len(fixed)
    return Finding(NAME, "warn" if left else "ok", found, "python -m flows.doctor --fix" if left else "", fixed)


def _locks() -> Iterator[Path]:
    yield from sorted([*places.RUNS.glob("*.lock"), *places.RUNS.glob("*/lock")])


def _held() -> Iterator[tuple[Path, str]]:
    for lock in _locks():
        if not is_free(lock):
            yield lock, who(lock)


def _stale_holders() -> list[Path]:
    """Who ends removes the file; one that was killed does not."""
    return [holder for lock in _locks() if (holder := holder_of(lock)).exists() and is_free(lock)]


def _is_stale(rwlock: Path) -> bool:
    """Whether DVC's list names processes that are no DVC any more, or cannot be read, which DVC would refuse for ever."""
    if not rwlock.exists():
        return False
    try:
        return any(not alive(int(one["pid"])) for one in _entries(json.loads(rwlock.read_text())))
    except (ValueError, TypeError, KeyError, AttributeError):
        return not _dvc_works()


def _entries(known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for infos in (*known.get("read", {}).values(), *known.get("write", {}).values()):
        yield from infos if isinstance(infos, list) else [infos] if infos else []


def _mended(path: Path) -> str:
    """What was done; empty where a DVC is at work, which writes its list itself."""
    if path not in _DVC:
        path.unlink(missing_ok=True)
        return f"{path} removed"
    if _dvc_works():
        return ""
    write_json(path, {})
    return f"{path} emptied"


def _dvc_works() -> bool:
    return any("dvc" in " ".join(process.cmdline()) for process in working())
