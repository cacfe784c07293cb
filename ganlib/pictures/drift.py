"""How a data set differs from the last one: what came, what went, and whether what came is like what was there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ganlib.errors import AtelierError
from ganlib.metrics.kernel import kernel_distance
from ganlib.pictures.form import Form
from ganlib.pictures.points import DIMENSIONS
from ganlib.pictures.shelf import Shelf
from ganlib.pictures.shelves import open_shelf
from ganlib.pictures.store import MANIFEST, Store

_COMPARED, _FEWEST = 1000, 50  # pictures


@dataclass(frozen=True)
class Snapshot:
    """A data set's digest, those of its pictures, and the share of the source that was set aside."""

    digest: str
    pictures: frozenset[str]
    aside: float

    @classmethod
    def of(cls, folder: Path) -> "Snapshot | None":
        """That of the data set in `folder`; None where there is none, or it is damaged."""
        try:
            info = Store.open(folder, verify=False).info
            pictures = pq.read_table(folder / MANIFEST, columns=["digest"])["digest"].to_pylist()
        except (AtelierError, OSError):
            return None
        aside = sum(info["set_aside"].values())
        return cls(info["digest"], frozenset(pictures), aside / (aside + len(pictures)))


@dataclass(frozen=True)
class Drift:
    """From the data set `before` to `now`. added, gone: pictures. aside: the change of the share that was set aside.

    distance: the kernel distance of what was added from what was there, by the directions of features, and its standard error;
    None where less than fifty were added, or features were not looked at. Some errors above 0: other pictures come than before.
    """

    before: str
    now: str
    added: int
    gone: int
    aside: float
    distance: float | None = None
    error: float | None = None


def drift(form: Form, memory: Path, before: Snapshot, now: Snapshot) -> Drift:
    """What has changed. memory: where curating keeps what it finds out."""
    added, gone = sorted(now.pictures - before.pictures), before.pictures - now.pictures
    counts = (before.digest, now.digest, len(added), len(gone), now.aside - before.aside)
    with open_shelf(form, memory) as shelf:
        new, old = (_features(shelf, some[:_COMPARED]) for some in (added, sorted(before.pictures)))
    if min(len(new), len(old)) < _FEWEST:
        return Drift(*counts)
    found = kernel_distance(new, old)
    return Drift(*counts, found.value, found.error)


def _features(shelf: Shelf, digests: Sequence[str]) -> NDArray[np.float32]:
    """Of those pictures that have some, each of length √D: kernels are of the cosine then."""
    known = shelf["facts"].mapped["digest"]
    wanted = np.flatnonzero(np.isin(known, np.array(digests, "S32")))
    wanted = wanted[~shelf["point"].lacks(wanted)]
    _, first = np.unique(known[wanted], return_index=True)  # a picture may lie in several files
    return np.asarray(shelf["point"][wanted[first]] * np.float32(DIMENSIONS**0.5))
