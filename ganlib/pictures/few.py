"""A handful of pictures of a new style, brought to the form that a model knows."""

import sys
from pathlib import Path

import numpy as np

from ganlib.errors import AtelierError
from ganlib.pictures.arrays import read_array
from ganlib.pictures.decode import WHITE, Pixels
from ganlib.pictures.formed import formed
from ganlib.pictures.prepare import preparation
from ganlib.pictures.sources.folder import Folder
from ganlib.pictures.store import INFO, PICTURES, Store

#: Fewer than this are no style.
FEWEST = 20


def few_pictures(path: Path, size: int, channels: int) -> Pixels:
    """The pictures at `path`, uint8 [N, size, size, channels]: of a data set those to learn from, an .npy file, or a folder.

    Files that cannot be read are left out, aloud. Raises `AtelierError` for fewer than 20, and for what holds no pictures.
    """
    if (path / INFO).exists():
        found = _formed(Store.open(path).train, path, size, channels)
    elif path.suffix == ".npy" or (path / PICTURES).exists():
        found = _formed(_array(path / PICTURES if path.is_dir() else path), path, size, channels)
    else:
        found = _of_files(path, size, channels)
    if len(found) < FEWEST:
        raise AtelierError(
            f"{path}: expected at least {FEWEST} pictures of the new style, found {len(found)}; nothing was started. Add some."
        )
    return found


def _of_files(path: Path, size: int, channels: int) -> Pixels:
    found = []
    for raw in Folder(str(path)).pictures():
        try:
            if raw.problem is not None:
                raise AtelierError(f"{raw.name}: not read ({raw.problem}).")
            found.append(formed(raw.name, raw.data, size, channels))
        except AtelierError as error:
            print(f"Left out: {error}", file=sys.stderr)
    return np.stack(found) if found else np.zeros((0, size, size, channels), np.uint8)


def _array(path: Path) -> Pixels:
    pictures = read_array(path)
    if pictures.dtype != np.uint8:
        raise AtelierError(f"{path}: expected levels 0 to 255 as uint8, found {pictures.dtype}. Convert them first.")
    return pictures


def _formed(pictures: Pixels, path: Path, size: int, channels: int) -> Pixels:
    if pictures.shape[3] > channels:
        raise AtelierError(f"{path}: expected grey pictures, as the model draws, found coloured ones. Convert them first.")
    coloured = np.repeat(pictures, channels // pictures.shape[3], axis=3)
    if coloured.shape[1:3] == (size, size):
        return np.ascontiguousarray(coloured)
    prepare = preparation(size, "crop", WHITE[:channels])
    return (
        np.stack([prepare(picture) for picture in coloured]) if len(coloured) else np.zeros((0, size, size, channels), np.uint8)
    )
