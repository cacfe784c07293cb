"""A picture that a person hands in, brought to the form that a model knows."""

from pathlib import Path
from typing import Literal

from ganlib.errors import AtelierError
from ganlib.pictures.decode import WHITE, Pixels, Refused
from ganlib.pictures.guard import decode_alone
from ganlib.pictures.prepare import preparation
from ganlib.pictures.reasons import explain
from ganlib.pictures.sources.found import LARGEST


def formed(name: str, data: bytes, size: int, channels: int) -> Pixels:
    """An encoded picture of any size and kind as uint8 [size, size, channels]: its middle square, transparent parts white.

    Raises `AtelierError`, which calls it `name`, where it is none that can be read.
    """
    mode: Literal["RGB", "L"] = "L" if channels == 1 else "RGB"
    try:
        pixels = decode_alone(name, data, mode, near=size).pixels
    except Refused as refused:
        raise AtelierError(
            f"{name[:200]}: expected a picture (PNG, JPEG, WebP, GIF, BMP or TIFF), found one that is refused: {refused.reason} "
            f"({explain(refused.reason)}). Nothing was done with it. Name another one."
        ) from None
    return preparation(size, "crop", WHITE[:channels])(pixels)


def read_formed(path: Path, size: int, channels: int) -> Pixels:
    """The same of a file. Raises `AtelierError` where there is none, or one that is too large to be looked at."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing"
        raise AtelierError(f"{path}: expected the file of a picture, found {found} there. Name another one.")
    if path.stat().st_size > LARGEST:
        most = f"{LARGEST / 2**20:.0f} MiB"
        raise AtelierError(f"{path}: expected a picture of at most {most}, found a larger file. Name another one.")
    return formed(str(path), path.read_bytes(), size, channels)
