"""Pictures for tests: encoded, small, each different for a different seed."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganlib.pictures.decode import decode
from ganlib.pictures.sources.portraits import Portraits


def pixels(seed: int = 0, size: int = 16, channels: int = 3) -> NDArray[np.uint8]:
    """A noisy picture, uint8 [size, size, channels]."""
    return np.random.default_rng(seed).integers(0, 256, (size, size, channels), dtype=np.uint8)


def encode(array: NDArray[Any], form: str = "PNG", **options: Any) -> bytes:
    """`array` (uint8 [H, W, C] or [H, W]) as a file of a format that Pillow names `form`."""
    stream = io.BytesIO()
    Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array).save(stream, form, **options)
    return stream.getvalue()


def png(seed: int = 0, size: int = 16) -> bytes:
    """A noisy picture as PNG."""
    return encode(pixels(seed, size))


def put(path: Path, data: bytes) -> Path:
    """Write a file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def portraits(number: int, size: int = 32, seed: int = 0, style: str = "lorelei") -> NDArray[np.uint8]:
    """Portraits as the default source draws them, uint8 [number, size, size, 3]."""
    drawn = Portraits(style=style, number=number, size=size, seed=seed).pictures()  # type: ignore[arg-type]
    return np.stack([decode(raw.data) for raw in drawn])
