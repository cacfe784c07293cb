"""Grey values of more than eight bits, of a PNG or a TIFF, as eight: by what the file says of them, where it does."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

# Tags of a TIFF, and what they may say (TIFF 6.0, section 8, and 19 for the kind of values).
_BITS, _PHOTOMETRIC, _SAMPLES = 258, 262, 339
_WHITE_IS_ZERO = 0
_UNSIGNED, _SIGNED = 1, 2


def is_deep(picture: "Image") -> bool:
    """Whether its values are grey ones that do not fit into eight bits."""
    return picture.mode in ("I", "F") or picture.mode.startswith("I;")


def is_misread(picture: "Image") -> bool:
    """Whether Pillow (13) is known to give other values than stand in the file: a TIFF of signed bytes, which it takes for
    unsigned ones, or one that libtiff unpacks to native order and Pillow then reads in the big-endian one of the file."""
    tags = getattr(picture, "tag_v2", None)
    if tags is None or _kind(tags) == _UNSIGNED:
        return False
    return picture.mode == "L" or (tags.prefix == b"MM" and picture.info["compression"] != "raw")


def eight_bits(picture: "Image") -> "Image":
    """A deep picture as one of mode "L"; `ValueError` where its values are no numbers.

    Unsigned values of up to 16 bits are scaled by the largest that their bits can hold; all others, for files of quite another
    range are common, by the least full scale that holds them: 1 (floats), 255, that of 16 bits, or their maximum.
    """
    from PIL import Image

    tags = getattr(picture, "tag_v2", {})  # none: a PNG, whose values are of 16 bits
    bits, kind = int(tags.get(_BITS, (16,))[0]), _kind(tags)
    values = np.asarray(picture)
    if bits == 32 and kind == _UNSIGNED:
        values = values.view(np.uint32)  # Pillow has no mode for these, and lets the upper half go negative
    scaled = _scaled(values, _full_scales(bits, kind))
    return Image.fromarray(255 - scaled if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else scaled)


def _kind(tags: Mapping[int, Any]) -> int:
    return int(tags.get(_SAMPLES, (_UNSIGNED,))[0])


def _full_scales(bits: int, kind: int) -> list[float]:
    if kind == _UNSIGNED and bits <= 16:
        return [2.0**bits - 1]
    if kind == _SIGNED and bits == 16:
        return [255.0, 32767.0]
    return [255.0, 65535.0] if kind in (_UNSIGNED, _SIGNED) else [1.0, 255.0, 65535.0]


def _scaled(values: NDArray[Any], scales: list[float]) -> NDArray[np.uint8]:
    """To 0..255 by the first scale that holds all values, or by their maximum."""
    if not np.isfinite(values).all():
        raise ValueError("values that are no numbers")
    largest = float(values.max(initial=0))
    scale = next((scale for scale in scales if largest <= scale), largest)
    return np.clip(np.rint(values.astype(np.float64) * (255 / scale)), 0, 255).astype(np.uint8)
