"""A zip or tar of pictures, read without unpacking it: nothing in it can reach the disk."""

import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal, cast

from ganlib.errors import AtelierError, printable
from ganlib.pictures.raw import Label, RawPicture
from ganlib.pictures.sources import tar
from ganlib.pictures.sources.found import LARGEST, Names, Origin, as_text, first_folder, is_junk, must_exist, placed
from ganlib.pictures.sources.table import Labels, check_matched, read_labels

MEMBERS = 1_000_000
NAMES = 256 * 2**20  # characters, all members together: they are held in memory
UNPACKED = 64 * 2**30  # bytes, all members together
RATIO = 200  # unpacked to packed, where more than SMALL is unpacked
SMALL = 256 * 2**20
SHOWN = 200  # characters of a name in a sentence
REST = 2**20  # bytes read after the last member: writers fill up their last record with zeros

Member = zipfile.ZipInfo | tarfile.TarInfo
Container = zipfile.ZipFile | tarfile.TarFile


@dataclass(frozen=True)
class Archive:
    """Section `collect` of `params.yaml` for `source: archive`.

    `path` is a zip or a tar (plain, gz, bz2, xz). The folders in it become the label `class`, those in its one folder if that
    wraps them all; `labels`, if given, is a CSV file beside the archive or anywhere, with a column `name` or `path` (as it is
    in the archive) and a column a label.
    """

    path: str
    source: Literal["archive"] = "archive"
    labels: str = ""
    licence: str = ""
    attribution: str = ""

    def count(self) -> int:
        """How many pictures `pictures` yields; reads the whole table of contents, and refuses what `pictures` refuses."""
        with self._opened() as (_, members):
            return len(members)

    def pictures(self) -> Iterator[RawPicture]:
        """Yield every member in the archive's order.

        Raises `AtelierError` where the archive is none, is damaged, holds too much, or names a place outside itself.
        """
        origin, names = Origin(as_text(Path(self.path).name), self.licence, self.attribution), Names()
        with self._opened() as (archive, members):
            labels, wrapper = self._labels(members), _wrapper(archive, members)
            for member in members:
                path = _path(member)
                name = names.unique(str(path))
                picture = _picture(origin, archive, member, name, first_folder(path.relative_to(wrapper)))
                picture.labels.update(labels.get(name, {}))
                yield picture

    def _labels(self, members: list[Member]) -> Labels:
        if not self.labels:
            return {}
        names = set(map(str, map(_path, members)))
        rows = read_labels(self._table(), names=names)
        labels = {str(PurePosixPath(name)): row for name, row in rows.items()}  # as `_path` has them
        if len(labels) < len(rows):
            raise AtelierError(f"{self._table()}: expected one row a picture, found one twice, written otherwise. Remove a row.")
        check_matched(self._table(), labels, names)
        return labels

    def _table(self) -> Path:
        """Where it is, seen from here, or beside the archive."""
        given, beside = placed(self.labels), placed(self.path).parent / self.labels
        return beside if beside.is_file() and not given.is_file() else given

    @contextmanager
    def _opened(self) -> Iterator[tuple[Container, list[Member]]]:
        """The archive, and every member of it that is no folder and no junk."""
        path = placed(self.path)
        must_exist(path, "a zip or tar archive")
        with ExitStack() as stack:
            with _distrusted(path):
                archive = stack.enter_context(_open(path))
                members = list(_members(path, archive))
            yield archive, members


@contextmanager
def _distrusted(path: Path) -> Iterator[None]:
    """Turns whatever `tarfile` or `zipfile` raise over the list of an archive into one refusal.

    Any exception, on purpose: they take numbers, names and tables from the file as they come, so that a hostile one draws
    ValueError, IndexError, RecursionError, NotImplementedError, OverflowError or MemoryError from them, besides their own.
    """
    try:
        yield
    except AtelierError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk refuses, not who unpacks
        said = _shown(str(error) or type(error).__name__)
        raise AtelierError(f"{path}: expected a whole archive, found it damaged ({said}). Fetch or pack it again.") from None


def _open(path: Path) -> AbstractContextManager[Container]:
    if path.is_file() and tar.is_tar(path):  # before zip: a tar ends like one if a zip is its last member
        return tar.opened(path)
    if path.is_file() and zipfile.is_zipfile(path):
        return zipfile.ZipFile(path)
    raise AtelierError(f"{path}: expected a zip or tar archive, found {_found(path)}.")


def _found(path: Path) -> str:
    """What lies there that is no archive, and what to do about it."""
    head = path.open("rb").read(6) if path.is_file() else b""
    if head.startswith(b"PK"):
        return "a zip that is cut short. Fetch or pack it again"
    if tar.is_packed(head):
        return "a packed file that is damaged or holds no tar. Fetch or pack it again"
    return "something else. Name an archive, or `source: folder`"


def _members(path: Path, archive: Container) -> Iterator[Member]:
    """Every member that is no folder and no junk, while the archive keeps within its limits."""
    number, names, unpacked, packed = 0, 0, 0, max(path.stat().st_size, 1)
    for member in archive.infolist() if isinstance(archive, zipfile.ZipFile) else archive:
        name = _path(member)
        number, names, unpacked = number + 1, names + len(str(name)), unpacked + _size(member)
        _check_limits(path, number, names, max(unpacked, _reached(archive)), packed)
        _check_inside(path, name)
        if not _is_folder(member) and not is_junk(name):
            yield member
    if isinstance(archive, tarfile.TarFile):
        _check_end(archive)


def _reached(archive: Container) -> int:
    """Where the next member of a tar begins: its headers are unpacked, too, and so is what no member owns up to."""
    return archive.offset if isinstance(archive, tarfile.TarFile) else 0


def _check_inside(path: Path, name: PurePosixPath) -> None:
    if name.is_absolute() or ".." in name.parts or name.parts[0].endswith(":"):
        raise AtelierError(
            f"{path}: expected names inside the archive, found {_shown(str(name))}, which lies outside; nothing was kept."
        )


def _shown(text: str) -> str:
    """As it may stand in a sentence: a name can be endless, too."""
    return printable(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")


def _check_end(archive: tarfile.TarFile) -> None:
    """Python takes a header that is damaged or cut for the end of a tar; every writer puts blocks of zeros there."""
    stream = cast(IO[bytes], archive.fileobj)
    stream.seek(archive.offset)
    end = stream.read(REST)  # all of it, so that a packed one that is cut here is found out
    if len(end) < tarfile.BLOCKSIZE or any(end[: 2 * tarfile.BLOCKSIZE]):
        raise tarfile.ReadError(f"at byte {archive.offset:,} of the tar there is neither a member nor its end")


def _wrapper(archive: Container, members: list[Member]) -> PurePosixPath:
    """The one folder that everything lies in, if there are pictures in folders of it: it is no class."""
    paths = [_path(member) for member in members]
    deep = (member for member, path in zip(members, paths, strict=True) if len(path.parts) > 2)
    tops = {path.parts[:1] for path in paths}
    if len(tops) == 1 and any(_picture(Origin(""), archive, member, "", {}).problem is None for member in deep):
        return PurePosixPath(*tops.pop())
    return PurePosixPath()


def _check_limits(path: Path, number: int, names: int, unpacked: int, packed: int) -> None:
    limits = ("files", number, MEMBERS), ("characters of names", names, NAMES), ("bytes unpacked", unpacked, UNPACKED)
    for what, found, limit in limits:
        if found > limit:
            raise AtelierError(f"{path}: expected at most {limit:,} {what}, found more; nothing was kept. Split the archive.")
    if unpacked > SMALL and unpacked > RATIO * packed:
        raise AtelierError(
            f"{path}: expected pictures, found data that unpacks to over {RATIO} times its size; nothing was kept."
        )


def _picture(origin: Origin, archive: Container, member: Member, name: str, labels: Mapping[str, Label]) -> RawPicture:
    """A member, or why it is not read."""
    if not _is_regular(member):
        return origin.refused(name, "link" if _is_link(member) else "not-a-file")
    if _size(member) > LARGEST:
        return origin.refused(name, "too-large-file")
    try:
        with _stream(archive, member) as stream:
            data = stream.read(LARGEST + 1)  # never more, whatever the table of contents says
    except RuntimeError:
        return origin.refused(name, "locked-in-archive")  # encrypted, or packed by a method that is not known
    except Exception:  # any, as of the list: this member alone is lost
        return origin.refused(name, "damaged-in-archive")
    return origin.picture(name, data, labels)


def _stream(archive: Container, member: Member) -> IO[bytes]:
    if isinstance(archive, zipfile.ZipFile):
        return archive.open(cast(zipfile.ZipInfo, member))
    return cast(IO[bytes], archive.extractfile(cast(tarfile.TarInfo, member)))


def _path(member: Member) -> PurePosixPath:
    """What it is called in the archive, without the `.` and the doubled slashes that some write."""
    path = PurePosixPath(_written(member).encode("utf-8", "backslashreplace").decode())
    return path if path.parts else PurePosixPath("nameless")


def _written(member: Member) -> str:
    return (member.filename if isinstance(member, zipfile.ZipInfo) else member.name).replace("\\", "/")


def _size(member: Member) -> int:
    return member.file_size if isinstance(member, zipfile.ZipInfo) else member.size


def _is_folder(member: Member) -> bool:
    return _written(member).endswith("/") if isinstance(member, zipfile.ZipInfo) else member.isdir()


def _mode(member: zipfile.ZipInfo) -> int:
    return member.external_attr >> 16 & 0o170000  # zip keeps the Unix kind of a file here, if it keeps it


def _is_link(member: Member) -> bool:
    return _mode(member) == 0o120000 if isinstance(member, zipfile.ZipInfo) else member.issym() or member.islnk()


def _is_regular(member: Member) -> bool:
    if isinstance(member, zipfile.ZipInfo):
        return _mode(member) in (0, 0o100000)
    return member.isfile() and not member.issparse()
