"""What a process that was killed left half written: names that `ganlib.files` and the registry's judge give before a rename."""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tasks import places

#: Folders in which steps write. A file's temporary name is `.<name>.<eight letters>`, a folder's `.<name>.partial`.
PLACES = (Path("artifacts"), places.RAW.parent, places.METRICS, places.RUNS)
_HALF = re.compile(r"^\.(.+\.partial|.+\.[a-z0-9_]{8}|champion-.+)$")


def litter(age: float = 0.0) -> list[Path]:
    """Files and folders that were to be renamed and never were, untouched for `age` seconds or longer."""
    oldest = time.time() - age
    return [path for place in PLACES if place.is_dir() for path in _below(place) if _touched(path) <= oldest]


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; what vanishes meanwhile does not count."""
    total = 0
    for file in [path] if path.is_file() else path.rglob("*"):
        with suppress(OSError):
            total += 0 if file.is_symlink() or file.is_dir() else file.stat().st_size
    return total


def remove(path: Path) -> None:
    """Remove a file or a folder, without following links; what is gone already is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def gigabytes(number: float) -> str:
    """Bytes for a person."""
    return f"{number / 1e9:.1f} GB" if number >= 1e8 else f"{number / 1e6:.1f} MB"


def _below(folder: Path) -> Iterator[Path]:
    """The litter in a folder and in those below, but not what lies in litter."""
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return
    for path in inside:
        if _HALF.match(path.name):
            yield path
        elif path.is_dir() and not path.is_symlink():
            yield from _below(path)


def _touched(path: Path) -> float:
    newest = 0.0
    for one in [path, *path.rglob("*")]:
        with suppress(OSError):
            newest = max(newest, one.lstat().st_mtime)
    return newest
