"""A folder that is being filled, by one process only.

The folder itself is locked, and with it goes the lock: `ganlib.alone` would leave two files beside every output.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganlib.errors import AtelierError


@contextmanager
def claimed(path: Path, partial: Path) -> Iterator[Path]:
    """`partial`, empty, which the system keeps for this process as long as it lives; in the end it goes, if it is still there.

    Raises `AtelierError` where another process has it.
    """
    busy = "{}: {} is writing here now. Nothing was done; wait for it to end."
    try:
        partial.mkdir(exist_ok=True)
    except OSError as error:
        error.filename = str(path)  # what the caller knows
        raise
    try:
        held = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:  # it has just become another's output
        raise AtelierError(busy.format(path, "another process")) from None
    try:
        if not _locked(held) or not _lies_at(held, partial):
            raise AtelierError(busy.format(path, _holder(held)))
        for left in partial.iterdir():  # by a run that was killed
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        try:
            yield partial
        finally:
            if _lies_at(held, partial):  # else the next process may have one there
                shutil.rmtree(partial, ignore_errors=True)
    finally:
        os.close(held)


def _locked(held: int) -> bool:
    """Whether the open folder could be locked."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lies_at(held: int, folder: Path) -> bool:
    """Whether the open folder is the one that lies there."""
    try:
        return os.path.samestat(os.fstat(held), folder.stat())
    except FileNotFoundError:
        return False


def _holder(held: int) -> str:
    """In words, who has locked the open folder."""
    place = str(os.fstat(held).st_ino)
    try:
        locks = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    except OSError:
        return "another process"
    holders = [lock[4] for lock in locks if len(lock) > 5 and lock[1] == "FLOCK" and lock[5].endswith(f":{place}")]
    return f"process {holders[0]}" if holders and holders[0].isdigit() else "another process"
