"""A folder of pictures, as found: nothing is followed out of it, nothing in it is changed."""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from ganlib.errors import AtelierError
from ganlib.pictures.raw import RawPicture
from ganlib.pictures.sources.found import LARGEST, Names, Origin, as_text, first_folder, must_exist, placed, walk
from ganlib.pictures.sources.table import Labels, check_matched, read_labels

_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe is not waited for


@dataclass(frozen=True)
class Folder:
    """Section `collect` of `params.yaml` for `source: folder`.

    `path` is the folder, read with its sub-folders, whose names become the label `class`. `labels`, if given, is a CSV file
    (in the folder or anywhere) with a column `name` or `path` and a column a label. `licence` and `attribution` are kept
    with every picture.
    """

    path: str
    source: Literal["folder"] = "folder"
    labels: str = ""
    licence: str = ""
    attribution: str = ""

    def count(self) -> int:
        """How many pictures `pictures` yields."""
        return len(self._found())

    def pictures(self) -> Iterator[RawPicture]:
        """Yield every file in the order of its path, those that are refused without their bytes."""
        found, root = self._found(), placed(self.path).resolve()
        labels, home = self._labels(found), _home(root)
        origin, names = Origin(as_text(root.name), self.licence, self.attribution), Names()
        for name in found:  # two that differ in bytes may be one as text
            yield _picture(origin, root / os.fsdecode(name), root, home, names.unique(as_text(name)), labels)

    def _found(self) -> list[bytes]:
        """Relative paths, as the file system has them: not all of them are text."""
        root = placed(self.path)
        must_exist(root, "a folder of pictures")
        if not root.is_dir():
            raise AtelierError(
                f"{root}: expected a folder of pictures, found a file. Name a folder, or `source: archive` for a zip."
            )
        table = self._table()
        found = [name for name in walk(root) if table is None or not _same(root / os.fsdecode(name), table)]
        if not found:
            raise AtelierError(f"{root}: expected pictures in this folder, found no file in it. Put some there, or name another.")
        return sorted(found)

    def _table(self) -> Path | None:
        """Where the CSV lies: in the folder, or else relative to where the command was started."""
        if not self.labels:
            return None
        inside = placed(self.path) / self.labels
        return inside if inside.exists() else placed(self.labels)

    def _labels(self, found: list[bytes]) -> Labels:
        table = self._table()
        if table is None:
            return {}
        names = set(map(as_text, found))
        labels = read_labels(table, names=names)
        check_matched(table, labels, names)
        return labels


def _same(path: Path, other: Path) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)


def _picture(origin: Origin, path: Path, root: Path, home: Path, name: str, labels: Labels) -> RawPicture:
    """The file at `path`, or why it is not read."""
    try:
        data = _read(path, root, home)
    except _Unread as unread:
        return origin.refused(name, str(unread))
    return origin.picture(name, data, {**first_folder(PurePosixPath(name)), **labels.get(name, {})})


class _Unread(Exception):
    """Why a file is not read, as a reason."""


def _read(path: Path, root: Path, home: Path) -> bytes:
    """What is in a file that lies in `root`; of one that grows meanwhile, more than `LARGEST` for the source to refuse.

    home: how the system itself calls `root`.
    """
    try:
        handle = os.open(path, _OPEN)
    except OSError as error:
        raise _Unread(_why(path, root, error)) from None
    try:
        status = os.fstat(handle)
        if not _place(handle, path).is_relative_to(home):
            raise _Unread("link-outside")
        if not stat.S_ISREG(status.st_mode):
            raise _Unread("not-a-file")
        if status.st_size > LARGEST:
            raise _Unread("too-large-file")
        with open(handle, "rb", closefd=False) as stream:
            data = stream.read(status.st_size + 1)
            return data if len(data) <= status.st_size else data + stream.read(LARGEST)
    except OSError as error:
        raise _Unread(_why(path, root, error)) from None
    finally:
        os.close(handle)


def _home(root: Path) -> Path:
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _place(handle, root)
    finally:
        os.close(handle)


def _place(handle: int, path: Path) -> Path:
    """Where what was opened lies, whatever has become of its path since; where the system does not tell, where the path leads."""
    try:
        return Path(os.readlink(f"/proc/self/fd/{handle}"))
    except OSError:
        return Path(os.path.realpath(path))


def _why(path: Path, root: Path, error: OSError) -> str:
    """The reason for which a file cannot be opened or read: a pipe nobody writes to and a socket are no files either.

    What is no fault of the file, but of a system that has too much open, is raised.
    """
    if error.errno in (errno.EMFILE, errno.ENFILE):
        raise error
    if not Path(os.path.realpath(path)).is_relative_to(root):
        return "link-outside"
    if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.EISDIR, errno.ELOOP):
        return "unreadable-file"
    return "broken-link" if os.path.islink(path) else "not-a-file"
