"""Hostile files: each costs its own row, whatever it does to the process that decodes it."""

import os
import signal
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from drawing import encode, pixels, png

from ganlib.errors import AtelierError
from ganlib.metrics.inputs import read_pictures
from ganlib.pictures import guard
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.curate import curate
from ganlib.pictures.decode import Decoded, Refused, examine
from ganlib.pictures.few import few_pictures
from ganlib.pictures.formed import read_formed
from ganlib.pictures.guard import Limits, decode_guarded
from ganlib.pictures.raw import RawPicture


def _decode(*files: bytes, limits: Limits = guard.USUAL) -> list[Decoded | Refused]:
    return list(decode_guarded([(f"{place}.png", data) for place, data in enumerate(files)], "RGB", (255, 255, 255), 64, limits))


def _bomb(side: int) -> bytes:
    """A PNG of zeros, a thousandth as large as its pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(side * (1 + 3 * side)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_it_finds_what_is_found_without_it() -> None:
    """Pixels, size, notes and refusals, in order."""
    files = [png(1, 20), encode(pixels(2, 40), "JPEG"), png(3, 9)]
    for place, (found, data) in enumerate(zip(_decode(*files), files, strict=True)):
        expected = examine(f"{place}.png", data, near=64)
        assert isinstance(found, Decoded)
        assert (found.pixels == expected.pixels).all()
        assert (found.width, found.height, found.lossless) == (expected.width, expected.height, expected.lossless)
        assert found.notes == expected.notes
    reasons = [found.reason for found in _decode(b"", png(1, 20), b"text", png(2, 20)[:-20]) if isinstance(found, Refused)]
    assert reasons == ["empty-file", "not-a-picture", "truncated"]


@pytest.mark.threat(
    "a picture that takes a decoder's time or memory", found="set aside with its reason; those beside it are read"
)
def test_what_takes_too_long_or_too_much_costs_its_own_row() -> None:
    """Fifty million pixels in 100 ms, or in 60 MiB: refused, and all around it are decoded."""
    files = [png(1, 20), _bomb(7000), png(2, 20)]
    for limits, reason in ((Limits(seconds=0.1), "too-slow"), (Limits(memory=60 * 2**20), "too-much-memory")):
        first, bomb, last = _decode(*files, limits=limits)
        assert isinstance(bomb, Refused)
        assert bomb.reason == reason
        assert isinstance(first, Decoded)
        assert isinstance(last, Decoded)
    assert all(isinstance(found, Decoded) for found in _decode(*files))


@pytest.mark.fault("a picture that kills its decoder (SIGSEGV)", found="set aside as crashed-decoder; those beside it are read")
def test_a_decoder_that_dies_costs_one_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As by a flaw of a decoder's own, here a module of its name that ends the process at certain bytes."""
    ill = tmp_path / "sitecustomize.py"
    ill.write_text(
        "import os, signal, sys\n"
        "if 'ganlib.pictures.guarded' in ' '.join(sys.orig_argv):\n"
        "    from ganlib.pictures import decode\n"
        "    sound = decode.examine\n"
        "    def examine(name, data, *rest):\n"
        "        if b'evil' in data:\n"
        "            os.kill(os.getpid(), signal.SIGSEGV)\n"
        "        return sound(name, data, *rest)\n"
        "    decode.examine = examine\n"
    )
    guard.end_all()
    monkeypatch.syspath_prepend(str(tmp_path))
    raw = [RawPicture(f"{place}.png", png(place, 20)) for place in range(5)]
    raw.insert(2, RawPicture("evil.png", png(7, 20) + b"evil"))
    (tmp_path / "out").mkdir()
    store = curate(CurateConfig(size=16), raw, tmp_path / "out", memory=tmp_path / "memory")
    guard.end_all()
    assert store.info["set_aside"] == {"crashed-decoder": 1}
    assert store.info["kept"] == 5
    monkeypatch.undo()
    assert curate(CurateConfig(size=16), raw, tmp_path / "out", memory=tmp_path / "memory").info["kept"] == 6


@pytest.mark.fault("kill -9 of a decoding process", found="another takes its place")
def test_a_process_that_was_killed_from_outside_is_replaced() -> None:
    """Idle or not."""
    assert isinstance(_decode(png(1, 20))[0], Decoded)
    process = guard._idle.get_nowait()
    guard._idle.put(process)
    os.kill(process._process.pid, signal.SIGKILL)
    process._process.wait()
    assert isinstance(_decode(png(1, 20))[0], Decoded)


def test_a_process_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a defect of the installation, and no picture's."""
    guard.end_all()
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(RuntimeError, match="the process that decodes ended with 1"):
        _decode(png(1, 20))


def test_large_pictures_come_whole() -> None:
    """Larger than what a pipe holds, many in a row."""
    picture = pixels(5, 700)
    for found in _decode(*[encode(picture)] * 5):
        assert isinstance(found, Decoded)
        assert np.array_equal(found.pixels, picture)


@pytest.mark.threat(
    "a picture that takes memory, handed in to be scored, adapted to or looked up",
    found="refused as too-much-memory; those beside it are read",
)
def test_what_is_handed_in_elsewhere_is_guarded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only by curate: where there is no memory for it, a bomb costs itself."""
    monkeypatch.setattr(decode_guarded, "__defaults__", (Limits(memory=60 * 2**20),))
    for place in range(24):
        (tmp_path / f"{place}.png").write_bytes(png(place, 32))
    (tmp_path / "bomb.png").write_bytes(_bomb(7000))
    assert read_pictures(tmp_path, 100, 0).shape == (24, 32, 32, 3)
    assert few_pictures(tmp_path, 32, 3).shape == (24, 32, 32, 3)
    with pytest.raises(AtelierError, match=r"bomb\.png: expected a picture .* refused: too-much-memory"):
        read_formed(tmp_path / "bomb.png", 32, 3)
