"""Pictures to score, from wherever they lie: a data set, an array in a .npy file, or a folder of picture files."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ganlib.errors import AtelierError
from ganlib.metrics.features import Pictures
from ganlib.pictures.arrays import read_array
from ganlib.pictures.decode import Refused
from ganlib.pictures.guard import decode_alone
from ganlib.pictures.sources.folder import Folder
from ganlib.pictures.store import INFO, MANIFEST, PICTURES, Store
from ganlib.progress import track

ASKED = "labels.parquet"  # beside drawn pictures, what was asked for: columns "label.<name>"


@dataclass(frozen=True)
class Real:
    """reference: what is scored against. floor: other real pictures, scored in the place of generated ones. split: which.

    training: in which copies are looked for (None: nowhere); within: they begin with the reference. labels, floor_labels,
    training_labels: a value of one label for each (None: nothing is known).
    """

    reference: Pictures
    floor: Pictures
    split: str
    training: Pictures | None = None
    within: bool = False
    labels: Sequence[str | None] | None = None
    floor_labels: Sequence[str | None] | None = None
    training_labels: Sequence[str | None] | None = None


def real_pictures(path: Path, most: int, seed: int, label: str | None = None) -> Real:
    """A data set's held-out and training pictures; of anything else two halves, at random from `seed`, of `most` each at most.

    label: of a data set, whose values come with the pictures.
    """
    if (path / INFO).exists() or (path / MANIFEST).exists():  # a damaged data set is to be refused, not taken for an array
        store = Store.open(path)
        train, heldout = coloured(store.train), coloured(store.heldout)
        values = None if label is None else labels(store, label)
        learnt, held = (None, None) if values is None else (values[: len(train)], values[len(train) :])
        return Real(heldout, train, "heldout", train, labels=held, floor_labels=learnt, training_labels=learnt)
    pictures = read_pictures(path, 2 * most, seed)
    order = np.random.default_rng(seed).permutation(len(pictures))
    halves = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    reference, floor = pictures[halves[0]], pictures[halves[1]]
    return Real(reference, floor, f"half of {path.name}", np.concatenate([reference, floor]), within=True)


def labels(store: Store, name: str) -> list[str | None] | None:
    """The values of a label, one for each picture of the data set, as text, None where a picture has none; None without it."""
    column = f"label.{name}"
    if column not in store.manifest.columns:
        return None
    return [None if pd.isna(value) else str(value) for value in store.manifest[column].tolist()]


def asked(path: Path, label: str | None, count: int) -> list[str | None] | None:
    """What `count` drawn pictures were to be, from the table beside their array; None where nobody said."""
    table = path / ASKED
    if label is None or not table.exists():
        return None
    frame = pd.read_parquet(table)
    column = f"label.{label}"
    if column not in frame.columns:
        return None
    if len(frame) != count:
        raise AtelierError(f"{table}: expected a row for each of {count} pictures, found {len(frame)}. Sample again.")
    return [None if pd.isna(value) else str(value) for value in frame[column].tolist()]


def read_pictures(path: Path, most: int, seed: int) -> Pictures:
    """The pictures at `path`, [N, H, W, 3]: an array, or `most` of a folder's files, at random from `seed`, where it has more.

    Raises `AtelierError` where there is nothing, where an array is none of pictures, and where sizes differ.
    """
    array = path / PICTURES if path.is_dir() else path
    if not path.exists():
        raise AtelierError(
            f"{path}: expected pictures (a data set, an .npy file or a folder of files), found nothing there. Name another "
            "place, or run the step that writes here first."
        )
    if not array.exists():
        return _read_folder(path, most, seed)
    return coloured(read_array(array))


def coloured(pictures: Pictures) -> Pictures:
    """Grey pictures with three equal channels, as they come from files; coloured ones as they are."""
    return np.repeat(pictures, 3, axis=3) if pictures.shape[3] == 1 else pictures


def _read_folder(path: Path, most: int, seed: int) -> Pictures:
    """`most` of the files that decode, uint8 [N, H, W, 3], in their order; those that do not are left out, and counted aloud."""
    count = Folder(str(path)).count()
    order = np.random.default_rng(seed).permutation(count).tolist()
    found: dict[int, tuple[str, Pictures]] = {}
    asked = 0
    while len(found) < most and asked < count:  # others in the place of those that do not decode
        chosen = order[asked : asked + most - len(found)]
        found |= _decoded(path, count, set(chosen))
        asked += len(chosen)
    if not found:
        raise AtelierError(f"{path}: expected pictures, found {count} files of which none is one that can be read.")
    if len(found) < asked:
        print(f"{path}: {asked - len(found)} of {asked} files are left out: they cannot be read as pictures.", file=sys.stderr)
    pictures = dict(found[place] for place in sorted(found))
    _same_size(path, pictures)
    return np.stack(list(pictures.values()))


def _decoded(path: Path, count: int, places: set[int]) -> dict[int, tuple[str, Pictures]]:
    """Name and pixels of the files at some places, as far as they decode."""
    found = {}
    for place, raw in enumerate(track(Folder(str(path)).pictures(), "evaluate", count, f"files of {path.name}")):
        if place in places and raw.problem is None:
            try:
                found[place] = raw.name, decode_alone(raw.name, raw.data).pixels
            except Refused:
                continue
    return found


def _same_size(path: Path, found: dict[str, Pictures]) -> None:
    first = next(iter(found))
    for name, picture in found.items():
        if picture.shape != found[first].shape:
            sizes = [" × ".join(map(str, found[key].shape[:2])) for key in (first, name)]
            raise AtelierError(
                f"{path}: expected pictures of one size, found {sizes[0]} ({first}) and {sizes[1]} ({name}). Nothing was scored. "
                f"`python -m tasks.curate --source {path} --out FOLDER` brings them to one size; then name FOLDER."
            )
