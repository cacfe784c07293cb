"""What systems leave behind in folders; in a folder of its own, where its name is always the same."""

from numpy.random import Generator

from bench.defects.base import File
from ganlib.pictures.decode import Pixels


def ds_store(picture: Pixels, dice: Generator) -> File:
    """How a folder was last shown on macOS."""
    return File(b"\0\0\0\1Bud1" + dice.bytes(100), "{}/.DS_Store")


def thumbs_db(picture: Pixels, dice: Generator) -> File:
    """The small pictures of a folder on Windows."""
    return File(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + dice.bytes(100), "{}/Thumbs.db")


def resource_fork(picture: Pixels, dice: Generator) -> File:
    """What macOS writes beside a picture on a foreign disk: a picture by its name only."""
    return File(b"\0\5\x16\7\0\2\0\0Mac OS X" + dice.bytes(100), "._{}.png")
