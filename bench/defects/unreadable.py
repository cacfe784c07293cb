"""Files with a picture's name that hold none, or no whole one."""

import struct
import zlib

from numpy.random import Generator

from bench.defects.base import File, encode
from ganlib.pictures.decode import Pixels

_PNG = b"\x89PNG\r\n\x1a\n"
_SIDE = 30_000  # 900 million pixels


def empty(picture: Pixels, dice: Generator) -> File:
    """Zero bytes."""
    return File(b"")


def text(picture: Pixels, dice: Generator) -> File:
    """A note that was named .jpg."""
    return File(f"Portrait {dice.integers(10**6)} is still to be scanned.\n".encode() * 20, "{}.jpg")


def truncated_png(picture: Pixels, dice: Generator) -> File:
    """A PNG of which between a fifth and two thirds are missing."""
    return File(_cut(encode(picture), dice))


def truncated_jpeg(picture: Pixels, dice: Generator) -> File:
    """A JPEG of which between a fifth and two thirds are missing."""
    return File(_cut(encode(picture, "JPEG", quality=90), dice), "{}.jpg")


def damaged_png(picture: Pixels, dice: Generator) -> File:
    """A PNG with one other byte somewhere in its compressed pixels; its length is right, its checksums are not."""
    data = bytearray(encode(picture))
    start = data.index(b"IDAT") + 4
    place = start + dice.integers(int.from_bytes(data[start - 8 : start - 4], "big"))
    data[place] ^= int(dice.integers(1, 256))
    return File(bytes(data))


def noise(picture: Pixels, dice: Generator) -> File:
    """Random bytes that begin as a PNG does."""
    return File(_PNG + dice.bytes(2000))


def bomb(picture: Pixels, dice: Generator) -> File:
    """A PNG of a few hundred bytes that claims 30,000 by 30,000 pixels."""
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    return File(_PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(dice.bytes(200))) + _chunk(b"IEND", b""))


def web_page(picture: Pixels, dice: Generator) -> File:
    """What a server sends in place of a picture that it no longer has."""
    return File(f"<!DOCTYPE html><html><title>404</title><p>No picture {dice.integers(10**6)} here.</html>\n".encode())


def _cut(data: bytes, dice: Generator) -> bytes:
    return data[: int(len(data) * dice.uniform(1 / 3, 4 / 5))]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
