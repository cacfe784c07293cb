"""Writing so that a reader never sees half a file, and digests of what was written."""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ganlib.errors import AtelierError


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` at once: a temporary file beside it, flushed to disk, then renamed over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text at once, as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON that is the same, byte for byte, for equal values: indented, non-finite numbers refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def digest_bytes(*parts: bytes | memoryview) -> str:
    """The BLAKE2b-128 digest, in hexadecimal, of the parts one after the other."""
    hasher = hashlib.blake2b(digest_size=16)
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest()


def digest_file(path: Path, algorithm: str = "sha256") -> str:
    """The hexadecimal digest of a file's content, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


@contextmanager
def new_folder(path: Path, marker: str) -> Iterator[Path]:
    """Yield a folder to fill, which takes the place of `path` when the block ends well and vanishes when it does not.

    A folder that is already there is replaced only if it is empty or holds `marker`, the file that shows it to be an
    earlier output of the same step; anything else raises `AtelierError` and is left alone, as does another process that fills
    the same one now. Of a link the folder is replaced that it leads to.
    """
    place = path.resolve()
    check_replaceable(path, marker)
    place.parent.mkdir(parents=True, exist_ok=True)
    with _claimed(path, place.with_name(f".{place.name}.partial")) as partial:
        before = place.with_name(f".{place.name}.replaced")
        if before.exists() and not place.exists():
            os.replace(before, place)  # a run was killed between the two moves below
        try:
            yield partial
            shutil.rmtree(before, ignore_errors=True)
            if place.exists():
                os.replace(place, before)
            os.replace(partial, place)
            shutil.rmtree(before, ignore_errors=True)
        except OSError as error:
            error.filename = error.filename or str(path)  # a full disk says so without saying where
            raise


def check_replaceable(path: Path, marker: str) -> None:
    """Raise `AtelierError` where `new_folder` would, for what lies there: to be asked before long work, too."""
    if path.resolve().is_mount():
        raise AtelierError(
            f"{path}: expected a folder that another can take the place of, found the root of a file system. Nothing was "
            "done; name a folder in it."
        )
    if path.exists() and (not path.is_dir() or (any(path.iterdir()) and not (path / marker).exists())):
        raise AtelierError(
            f"{path}: expected no folder, an empty one, or one written by this step before (with {marker} in it); found "
            "something else, and left it alone. Name another output folder, or move that one away."
        )


@contextmanager
def _claimed(path: Path, partial: Path) -> Iterator[Path]:
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
