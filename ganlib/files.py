"""Writing so that a reader never sees half a file, and digests of what was written."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ganlib.claimed import claimed
from ganlib.errors import AtelierError, listed

#: What systems put into every folder that they show.
_SYSTEMS = (".DS_Store", "._*", ".nfs*", "Thumbs.db", "desktop.ini")


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
def new_folder(path: Path, marker: str, parts: Sequence[str] = ("*",)) -> Iterator[Path]:
    """Yield a folder to fill, which takes the place of `path` when the block ends well and vanishes when it does not.

    A folder that is already there is replaced only if it is empty or holds `marker`, the file that shows it to be an earlier
    output of the same step, and nothing but `parts`, the patterns of all that the step writes, where a person names the folder;
    anything else raises `AtelierError` and is left alone, as does another process that fills the same one now. Of a link the
    folder is replaced that it leads to.
    """
    place = path.resolve()
    check_replaceable(path, marker, parts)
    _make_room(path, place.parent)
    with claimed(path, place.with_name(f".{place.name}.partial")) as partial:
        before = place.with_name(f".{place.name}.replaced")
        if before.exists() and not place.exists():
            os.replace(before, place)  # a run was killed between the two moves below
        try:
            yield partial
            check_replaceable(path, marker, parts)  # what a person has put there in the meantime
            _take(place, partial, before)
        except OSError as error:
            error.filename = error.filename or str(path)  # a full disk says so without saying where
            raise


def _make_room(path: Path, parent: Path) -> None:
    """Make the folder in which another is to lie at `path`."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        raise AtelierError(
            f"{path}: expected a place where a folder can be made, found {error.filename} to be none. Nothing was done; name "
            "another."
        ) from None


def _take(place: Path, folder: Path, before: Path) -> None:
    """Put the folder in this place, where another may be; that one waits as `before` until it is no longer needed."""
    shutil.rmtree(before, ignore_errors=True)
    if place.exists():
        os.replace(place, before)
    try:
        os.replace(folder, place)
    except OSError:
        if before.exists():
            os.replace(before, place)
        raise
    shutil.rmtree(before, ignore_errors=True)


def check_replaceable(path: Path, marker: str, parts: Sequence[str] = ("*",)) -> None:
    """Raise `AtelierError` where `new_folder` would, for what lies there: to be asked before long work, too."""
    if path.resolve().is_mount():
        raise AtelierError(
            f"{path}: expected a folder that another can take the place of, found the root of a file system. Nothing was "
            "done; name a folder in it."
        )
    if not path.exists():
        return
    there = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
    if not path.is_dir() or (there and marker not in there):
        raise AtelierError(
            f"{path}: expected no folder, an empty one, or one written by this step before (with {marker} in it); found "
            "something else, and left it alone. Name another output folder, or move that one away."
        )
    known = (*parts, *(f".{part}.*" for part in parts), *_SYSTEMS)  # the second: halves of files, of a run that was killed
    foreign = [name for name in there if not any(fnmatchcase(name, part) for part in known)]
    if foreign:  # other programs call their files so, too: beside pictures of somebody's own lies a dataset.json
        raise AtelierError(
            f"{path}: expected nothing but what this step writes, to be replaced; found {listed(foreign)}, too, and left all "
            "alone. Name another output folder, or move that away."
        )
