"""Pictures in an .npy file, mapped and not read."""

from pathlib import Path

import numpy as np

from ganlib.errors import AtelierError
from ganlib.pictures.decode import Pixels


def read_array(path: Path) -> Pixels:
    """The array at `path`, [N, H, W, C] with C 1 or 3, of whatever type. Raises `AtelierError` where there is no such array."""
    try:
        with path.open("rb") as stream:
            np.lib.format.read_magic(stream)  # np.load would open archives, too
        pictures: Pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise AtelierError(f"{path}: expected an array of pictures, found nothing there. Name another place.") from None
    except (ValueError, EOFError, IsADirectoryError) as error:
        raise AtelierError(f"{path}: expected an array of pictures, found it damaged or no .npy file ({error}).") from None
    if pictures.ndim != 4 or pictures.shape[3] not in (1, 3):
        shape = f"{pictures.dtype} {list(pictures.shape)}"
        raise AtelierError(f"{path}: expected pictures [N, H, W, C] with C 1 or 3, found an array {shape}.")
    return pictures
