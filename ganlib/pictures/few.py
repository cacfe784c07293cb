"""A handful of pictures of a new style, brought to the form that a model knows."""

import sys
from pathlib import Path

import numpy as np

from ganlib.errors import AtelierError
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
    try:
        pictures: Pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise AtelierError(f"{path}: expected pictures of the new style, found nothing there. Name another place.") from None
    except (OSError, ValueError, EOFError) as error:
        raise AtelierError(f"{path}: expected an array of pictures, found it damaged or no .npy file ({error}).") from None
    if pictures.ndim != 4 or pictures.dtype != np.uint8 or pictures.shape[3] not in (1, 3):
        shape = f"{pictures.dtype} {list(pictures.shape)}"
        raise AtelierError(f"{path}: expected pictures uint8 [N, H, W, C] with C 1 or 3, found an array {shape}.")
    return pictures


def _formed(pictures: Pixels, path: Path, size: int, channels: int) -> Pixels:
    if pictures.shape[3] > channels:
        raise AtelierError(f"{path}: expected grey pictures, as the model draws, found coloured ones. Convert them first.")
    coloured = np.repeat(pictures, channels // pictures.shape[3], axis=3)
    if coloured.shape[1:3] == (size, size):
        return np.ascontiguousarray(coloured)
    prepare = preparation(size, "crop", WHITE[:channels], 0)
    return (
        np.stack([prepare(picture) for picture in coloured]) if len(coloured) else np.zeros((0, size, size, channels), np.uint8)
    )
