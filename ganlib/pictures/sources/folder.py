"""A folder of pictures, as found: nothing is followed out of it, nothing in it is changed."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from ganlib.errors import AtelierError
from ganlib.pictures.raw import RawPicture
from ganlib.pictures.sources.found import LARGEST, Origin, first_folder, is_junk, must_exist
from ganlib.pictures.sources.table import Labels, check_matched, read_labels


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
        found, root = self._found(), Path(self.path).resolve()
        labels = self._labels(found)
        origin = Origin(root.name, self.licence, self.attribution)
        for name in found:
            yield _picture(origin, root / os.fsdecode(name), root, _text(name), labels)

    def _found(self) -> list[bytes]:
        """Relative paths, as the file system has them: not all of them are text."""
        root = Path(self.path)
        must_exist(root, "a folder of pictures")
        if not root.is_dir():
            raise AtelierError(
                f"{root}: expected a folder of pictures, found a file. Name a folder, or `source: archive` for a zip."
            )
        table = self._table()
        found = [name for name in _walk(root) if table is None or not _same(root / os.fsdecode(name), table)]
        if not found:
            raise AtelierError(f"{root}: expected pictures in this folder, found no file in it. Put some there, or name another.")
        return sorted(found)

    def _table(self) -> Path | None:
        """Where the CSV lies: in the folder, or else relative to where the command was started."""
        if not self.labels:
            return None
        inside = Path(self.path, self.labels)
        return inside if inside.exists() else Path(self.labels)

    def _labels(self, found: list[bytes]) -> Labels:
        table = self._table()
        if table is None:
            return {}
        names = set(map(_text, found))
        labels = read_labels(table, names=names)
        check_matched(table, labels, names)
        return labels


def _same(path: Path, other: Path) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)


def _walk(root: Path) -> Iterator[bytes]:
    """Every file and every link under `root`, relative to it; links to folders are not entered."""
    for folder, folders, files in os.walk(root, onerror=_refuse):
        here = Path(folder).relative_to(root)
        links = [name for name in folders if Path(folder, name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in links and not is_junk(PurePosixPath(name)))
        yield from (os.fsencode(here / name) for name in files + links if not is_junk(PurePosixPath(name)))


def _refuse(error: OSError) -> None:
    raise error  # a folder that may not be read: leaving its pictures out without a word would be worse


def _picture(origin: Origin, path: Path, root: Path, name: str, labels: Labels) -> RawPicture:
    """The file at `path`, or why it is not read."""
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
        return origin.refused(name, "link-outside")
    try:
        status = path.stat()
    except OSError:
        return origin.refused(name, "broken-link" if path.is_symlink() else "not-a-file")
    if not stat.S_ISREG(status.st_mode):
        return origin.refused(name, "not-a-file")
    if status.st_size > LARGEST:
        return origin.refused(name, "too-large-file")
    try:
        data = path.read_bytes()
    except OSError:
        return origin.refused(name, "unreadable-file")
    return origin.picture(name, data, {**first_folder(PurePosixPath(name)), **labels.get(name, {})})


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
