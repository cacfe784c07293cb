"""What curating and scoring remember from night to night: features by their digest, shelves row by row."""

from contextlib import suppress
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from ganlib.files import digest_bytes
from tasks import places
from tasks.doctor.base import Finding, listed

NAME = "shelves"


def check(fix: bool) -> Finding:
    """What is damaged is worked out again when it is asked for, and costs time only; a file with a wrong digest can go."""
    features = sorted(places.FEATURES.glob("*-*.npy"))
    wrong = [path for path in features if digest_bytes(path.read_bytes()) != path.stem.partition("-")[2]]
    rows, damaged = _damaged_rows()
    found = f"{len(features)} files of features, {rows} pictures remembered by curate"
    if not wrong and not damaged:
        return Finding(NAME, "ok", f"{found}, all whole.")
    what = [*wrong, *([f"{damaged} rows in {places.CURATED}"] if damaged else [])]
    for path in wrong if fix else ():
        path.unlink()
    fixed = tuple(f"{path} removed" for path in wrong) if fix else ()
    return Finding(NAME, "warn", f"{found}; damaged: {listed(what)}.", "None: they are worked out again.", fixed)


def _damaged_rows() -> tuple[int, int]:
    """How many pictures curate remembers, and how many of its values are not what their checksums say."""
    from ganlib.config import load
    from ganlib.pictures.shelf import Shelf
    from ganlib.pictures.shelves import COMPARED, fingerprint

    form = load().curate.form
    folder = places.CURATED / digest_bytes(repr(form).encode(), fingerprint().encode())
    if not folder.is_dir():
        return 0, 0
    with suppress(Timeout), FileLock(places.CURATED / "lock", timeout=0):
        shelf = Shelf(folder, {**form.columns, **COMPARED})
        try:
            rows = np.arange(len(shelf), dtype=np.int64)
            names = (*form.columns, *COMPARED)
            damaged = [shelf[name].lacks(rows) & _written(folder / f"{name}.sums", rows) for name in names]
            return len(shelf), sum(map(int, map(np.count_nonzero, damaged)))
        finally:
            shelf.close()
    return 0, 0


def _written(sums: Path, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    known = np.zeros(len(rows), np.uint32)
    found = np.fromfile(sums, np.uint32)[: len(rows)]
    known[: len(found)] = found
    return np.asarray(known != 0)
