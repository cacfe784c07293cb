"""One process at a time in a place: the system holds the lock for a living process only; a file beside it says whose it is."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ganlib.errors import AtelierError
from ganlib.files import write_json


@contextmanager
def alone(lock: Path, busy: Callable[[str], str]) -> Iterator[None]:
    """Hold `lock` for this process.

    busy: what to say where another one has it, given who that is: "process 12 (since 2026-01-01T00:00:00+00:00)". Raises
    `AtelierError` with that.
    """
    from filelock import FileLock, Timeout

    lock.parent.mkdir(parents=True, exist_ok=True)
    held, holder = FileLock(lock), holder_of(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise AtelierError(busy(who(lock))) from None
    try:
        write_json(holder, {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")})
        yield
    finally:
        holder.unlink(missing_ok=True)
        held.release()


def is_free(lock: Path) -> bool:
    """Whether nobody holds it now."""
    from filelock import FileLock, Timeout

    with suppress(Timeout), FileLock(lock, timeout=0):
        return True
    return False


def holder_of(lock: Path) -> Path:
    """The file that says who holds it; one that was killed leaves it behind."""
    return lock.with_suffix(".json")


def who(lock: Path) -> str:
    """In words, who holds it."""
    try:
        found = json.loads(holder_of(lock).read_text())
        return f"process {found['pid']} (since {found['since']})"
    except (OSError, ValueError, KeyError):
        return "another process"
