"""What the sources that read files share: how a folder is walked, what is junk or refused unread, names, provenance."""

import errno
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ganlib.errors import AtelierError
from ganlib.pictures.formats import HEAD, is_archive, sniff
from ganlib.pictures.raw import CLASS, Label, RawPicture

LARGEST = 64 * 2**20  # bytes of one encoded picture
#: A folder that went while others were read, or whose path is too long for the system: its name becomes a row, as that of a file
#: that cannot be read does.
_LOST = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
JUNK = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class Origin:
    """Provenance and labels for the pictures of one source."""

    source: str
    licence: str = ""
    attribution: str = ""

    def picture(self, name: str, data: bytes, labels: Mapping[str, Label] | None = None) -> RawPicture:
        """A picture with these bytes, or its refusal: "empty-file", "too-large-file", "archive" or "not-a-picture"."""
        problem = _problem(data)
        kept = b"" if problem else data
        return RawPicture(name, kept, dict(labels or {}), self.source, self.licence, self.attribution, problem)

    def refused(self, name: str, problem: str) -> RawPicture:
        """A picture that was not read."""
        return RawPicture(name, b"", {}, self.source, self.licence, self.attribution, problem)


class Names:
    """Makes every name unique: the second `a.png` becomes `a.png#2`."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """`name`, or `name` with the smallest number that makes it new."""
        number = self._seen[name] = self._seen.get(name, 0) + 1
        return name if number == 1 else self.unique(f"{name}#{number}")


def is_junk(path: PurePosixPath) -> bool:
    """Whether a file is what systems leave behind (`.DS_Store`, `Thumbs.db`, `._*`) or lies in a hidden folder."""
    return any(part.startswith(".") or part.lower() in JUNK for part in path.parts)


def first_folder(path: PurePosixPath) -> dict[str, Label]:
    """The label `class`: the topmost folder that the file lies in; none for a file that lies in no folder."""
    return {CLASS: path.parts[0]} if len(path.parts) > 1 else {}


def as_text(name: bytes | str | Path) -> str:
    """What the system calls a file, with escapes for bytes that are no text."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def walk(root: Path) -> Iterator[bytes]:
    """Every file and every link under `root`, relative to it; links to folders are not entered."""
    lost: list[Path] = []

    def failed(error: OSError) -> None:
        if error.errno not in _LOST:
            raise error  # a folder that may not be read: leaving its pictures out without a word would be worse
        lost.append(Path(error.filename))

    for folder, folders, files in os.walk(root, onerror=failed):
        here = Path(folder).relative_to(root)
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        folders[:] = sorted(name for name in folders if name not in links and not is_junk(PurePosixPath(name)))
        yield from (os.fsencode(here / name) for name in files + links if not is_junk(PurePosixPath(name)))
    yield from (os.fsencode(folder.relative_to(root)) for folder in lost)


def placed(path: str) -> Path:
    """Where a path in `params.yaml` leads: no shell has seen it, so that `~` is still to be told."""
    return Path(os.path.expanduser(path))


def must_exist(path: Path, what: str) -> None:
    """Raise `AtelierError` where nothing lies at `path`."""
    if not path.exists():
        raise AtelierError(f"{path}: expected {what}, found nothing there. Check the spelling of the path, or name another.")


def _problem(data: bytes) -> str | None:
    if not data:
        return "empty-file"
    if len(data) > LARGEST:
        return "too-large-file"
    if sniff(data[:HEAD]):
        return None
    return "archive" if is_archive(data[:512]) else "not-a-picture"
