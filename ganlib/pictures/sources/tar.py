"""Tars, read so that what stands before a member cannot cost more than a member may."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

HEADERS = 256 * 2**10  # bytes before a member's data: all its headers, its long name, its attributes
GLOBALS = 100  # attributes that hold for all members: each of them gets a copy

UNPACKERS: dict[bytes, Callable[[Path], io.BufferedIOBase]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"]\x00\x00": lzma.LZMAFile,  # as it was before there was .xz
}


def is_packed(head: bytes) -> bool:
    """Whether a file that begins with `head` (six bytes) is one that `opened` unpacks."""
    return head.startswith(tuple(UNPACKERS))


def is_tar(path: Path) -> bool:
    """Whether a file, unpacked if need be, begins as a tar does; reads its first block alone."""
    with _unpacked(path) as stream:
        head = stream.read(tarfile.BLOCKSIZE)
    if head == bytes(tarfile.BLOCKSIZE):
        return True  # a tar of nothing
    try:
        tarfile.TarInfo.frombuf(head, tarfile.ENCODING, "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


@contextmanager
def opened(path: Path) -> Iterator[tarfile.TarFile]:
    """A tar. Raises whatever `tarfile` does where it is damaged, `ReadError` where it asks for too much."""
    with _unpacked(path) as stream, _Tar(fileobj=stream) as archive:
        yield archive


def _unpacked(path: Path) -> io.BufferedIOBase:
    with path.open("rb") as file:
        head = file.read(6)
    unpack = next((unpack for start, unpack in UNPACKERS.items() if head.startswith(start)), None)
    return unpack(path) if unpack else path.open("rb")


class _Rationed:
    """A stream that gives out so many bytes, then refuses: what a header says about its own length is not believed."""

    def __init__(self, stream: io.BufferedIOBase, left: int) -> None:
        self._stream, self._left = stream, left
        self.tell, self.seek = stream.tell, stream.seek

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self._left:
            raise tarfile.ReadError(f"at byte {self.tell():,} of the tar are names or attributes of over {HEADERS:,} bytes")
        self._left -= size
        return self._stream.read(size)


class _Tar(tarfile.TarFile):
    def next(self) -> tarfile.TarInfo | None:
        """The next member, stripped of what nobody here asks for: a million of them are held in memory."""
        stream = cast(io.BufferedIOBase, self.fileobj)
        self.fileobj = cast(io.BufferedIOBase, _Rationed(stream, HEADERS))
        try:
            member = super().next()
        finally:
            self.fileobj = stream
        if len(self.pax_headers) > GLOBALS:
            raise tarfile.ReadError(f"more than {GLOBALS} attributes are to hold for all its members")
        if member is not None:
            _check_size(member)
            _strip(member)
        return member


def _check_size(member: tarfile.TarInfo) -> None:
    """Else the next one would be looked for before this one, and what has been counted would shrink."""
    if member.size < 0:
        raise tarfile.ReadError(f"the member at byte {member.offset:,} of the tar is to have {member.size:,} bytes")


def _strip(member: tarfile.TarInfo) -> None:
    member.linkname = member.uname = member.gname = ""
    member.pax_headers = {}
    member.sparse = b"" if member.issparse() else None  # that it is sparse is enough to refuse it
