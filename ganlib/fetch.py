"""A file from the network, once: whole and with the right digest, or not at all."""

import errno
import os
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ganlib.errors import AtelierError
from ganlib.files import digest_file
from ganlib.progress import Progress

TIMEOUT = 30.0  # seconds without a byte
_PIECE = 2**18  # bytes
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM}


def fetch(url: str, path: Path, sha256: str, remedy: str) -> bool:
    """Bring the file at `url` to `path`; its sha256, in hexadecimal, must begin with `sha256`. False where it was there already.

    What has come lies beside `path`, under a name of its own, until its digest is found right; a transfer that breaks off leaves
    it there, and the next one goes on from it. Raises `AtelierError`, which ends with `remedy`: where another file is at `path`,
    where nothing or not all can be had, and where the digest is another one; then nothing is left.
    """
    if path.exists():
        _check(path, sha256, f"It was left alone. Move it away, or name another place. {remedy}")
        return False
    partial = path.with_name(f".{path.name}.partial")
    try:
        _transfer(url, partial)
    except (OSError, HTTPException) as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            raise
        raise AtelierError(f"{url}: expected to fetch it, could not ({_reason(error)}); {_kept(partial)}. {remedy}") from None
    try:
        _check(partial, sha256, f"It was removed. {remedy}", url)
    except AtelierError:
        partial.unlink()
        raise
    os.replace(partial, path)
    return True


def _check(path: Path, sha256: str, remedy: str, origin: str | None = None) -> None:
    found = digest_file(path)
    if not found.startswith(sha256):
        raise AtelierError(f"{origin or path}: expected a file with sha256 {sha256}…, found {found}. {remedy}")


def _reason(error: Exception) -> object:
    return error.reason if isinstance(error, URLError) and not isinstance(error, HTTPError) else error


def _kept(partial: Path) -> str:
    if not partial.exists():
        return "nothing was kept"
    return f"{partial.stat().st_size:,} bytes of it are kept, and the same command goes on from there"


def _transfer(url: str, partial: Path) -> None:
    """Bring what is missing of `partial`; raises what urllib and sockets raise."""
    have = partial.stat().st_size if partial.exists() else 0
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310  the caller's constant
    try:
        answer = urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except HTTPError as error:
        if error.code != 416 or not have:
            raise
        partial.unlink()  # more than all of it, so of something else
        return _transfer(url, partial)
    with answer:
        if url.startswith("https:") and not answer.url.startswith("https:"):
            raise ConnectionError(f"was sent on to {answer.url}, which anyone on the way could change")
        have = have if answer.status == 206 else 0
        missing = int(answer.headers.get("Content-Length", 0))
        partial.parent.mkdir(parents=True, exist_ok=True)
        with (
            partial.open("ab" if have else "wb") as stream,
            Progress("weights", (have + missing) / 1e6, "MB", done=have / 1e6) as bar,
        ):
            while piece := answer.read(_PIECE):
                stream.write(piece)
                bar.advance(len(piece) / 1e6)
            stream.flush()
            os.fsync(stream.fileno())
            if stream.tell() < have + missing:
                raise ConnectionError(f"the transfer ended after {stream.tell():,} of {have + missing:,} bytes")
    return None
