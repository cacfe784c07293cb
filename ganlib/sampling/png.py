"""Pictures to PNG files."""

import io
from pathlib import Path

from ganlib.files import write_bytes
from ganlib.pictures.decode import Pixels


def encode_png(picture: Pixels) -> bytes:
    """One picture, uint8 [H, W, 3] or [H, W, 1], as PNG."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(stream, "PNG", optimize=False)
    return stream.getvalue()


def write_png(path: Path, picture: Pixels) -> None:
    """Write one picture to `path` at once, making its folder."""
    write_bytes(path, encode_png(picture))
