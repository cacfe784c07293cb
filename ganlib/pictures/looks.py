"""A look at each picture alone: decoded, brought to one form, measured, described. What checks compare comes from here."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.errors import AtelierError
from ganlib.files import digest_bytes
from ganlib.pictures.colour import channels
from ganlib.pictures.crew import padded
from ganlib.pictures.decode import Pixels, Refused
from ganlib.pictures.duplicates.tangent import describe
from ganlib.pictures.form import Form
from ganlib.pictures.guard import USUAL, Limits, decode_guarded
from ganlib.pictures.measures import measure, tints
from ganlib.pictures.prepare import preparation
from ganlib.pictures.views import VIEW, viewing, without_bars

_FEWEST = 8  # views that are described together


def key_of(name: str, data: bytes) -> bytes:
    """What decides how a picture looks: its bytes, and the ending of its name, on which it may be remarked."""
    return bytes.fromhex(digest_bytes(PurePosixPath(name).suffix.lower().encode(), b"\0", data))


def look(form: Form, files: Sequence[tuple[str, bytes]], limits: Limits = USUAL) -> dict[str, NDArray[Any]]:
    """Each of the form's columns, [N, ...], of (name, data); where a picture is refused, only its facts say something."""
    prepare, view = _ways(form)
    found = {name: np.zeros(len(files), kind) for name, kind in form.columns.items()}
    background, near = channels(form.background, "RGB"), max(form.size, VIEW)
    for place, decoded in enumerate(decode_guarded(files, form.mode, background, near, limits)):
        facts = found["facts"][place]
        if isinstance(decoded, Refused):
            facts["reason"] = decoded.reason.encode()
            continue
        found["pixels"][place], found["view"][place] = prepare(decoded.pixels), view(decoded.pixels)
        facts["notes"], facts["digest"] = " ".join(decoded.notes).encode(), digest_pixels(found["pixels"][place]).encode()
        facts["width"], facts["height"], facts["lossless"] = decoded.width, decoded.height, decoded.lossless
    if len(seen := np.flatnonzero(found["facts"]["reason"] == b"")):
        views = found["view"][seen]
        found["descriptor"][seen] = _described(views)
        for name, values in measure(views).items():
            found["facts"][name][seen] = values
        if "middle" in found:
            found["middle"][seen] = found["descriptor"][seen, 0]
            if len(places := _barred(found["facts"], seen)):
                middles = _middles(found["view"][places], found["facts"][places])
                found["middle"][places] = _described(middles)[:, 0]
                found["facts"]["tint"][places] = tints(middles)
    return found


def _described(views: Pixels) -> NDArray[np.float32]:
    return np.asarray(describe(padded(views, _FEWEST))[: len(views)].numpy())


def _barred(facts: NDArray[Any], seen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those that are not square, so that bars make their views so."""
    return np.asarray(seen[facts["width"][seen] != facts["height"][seen]])


def _middles(views: Pixels, facts: NDArray[Any]) -> Pixels:
    """Of each view the square in its middle, in which there are no bars."""
    shorter, longer = np.sort([facts["width"], facts["height"]], axis=0)
    return np.stack([without_bars(view, share) for view, share in zip(views, shorter / longer, strict=True)])


@lru_cache
def _ways(form: Form) -> tuple[Any, Any]:
    background = channels(form.background, form.mode)
    return preparation(form.size, form.fit, background), viewing(form.fit, background)


def digest_pixels(pixels: Pixels) -> str:
    """The identity of a picture: BLAKE2b-128 of its shape and pixels, in hexadecimal."""
    if pixels.dtype != np.uint8:
        raise AtelierError(f"expected a picture of bytes, found {pixels.dtype}.")
    return digest_bytes("x".join(map(str, pixels.shape)).encode(), pixels.data)
