"""Pictures to score, from wherever they lie: a data set, an array in a .npy file, or a folder of picture files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganlib.errors import AtelierError
from ganlib.metrics.features import Pictures
from ganlib.pictures.decode import Refused, decode
from ganlib.pictures.sources.folder import Folder
from ganlib.pictures.store import INFO, MANIFEST, PICTURES, Store
from ganlib.progress import track


@dataclass(frozen=True)
class Real:
    """reference: what is scored against. floor: other real pictures, scored in the place of generated ones. split: which."""

    reference: Pictures
    floor: Pictures
    split: str


def real_pictures(path: Path, most: int, seed: int) -> Real:
    """A data set's held-out and training pictures; of anything else two halves, at random from `seed`, of `most` each at most."""
    if (path / INFO).exists() or (path / MANIFEST).exists():  # a damaged data set is to be refused, not taken for an array
        store = Store.open(path)
        return Real(coloured(store.heldout), coloured(store.train), "heldout")
    pictures = read_pictures(path, 2 * most, seed)
    order = np.random.default_rng(seed).permutation(len(pictures))
    halves = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    return Real(pictures[halves[0]], pictures[halves[1]], f"half of {path.name}")


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
    try:
        pictures: Pictures = np.load(array, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise AtelierError(f"{array}: expected an array of pictures, found it damaged or no .npy file ({error}).") from None
    if pictures.ndim != 4 or pictures.shape[3] not in (1, 3):
        raise AtelierError(f"{array}: expected pictures [N, H, W, C] with C 1 or 3, found an array {list(pictures.shape)}.")
    return coloured(pictures)


def coloured(pictures: Pictures) -> Pictures:
    """Grey pictures with three equal channels, as they come from files; coloured ones as they are."""
    return np.repeat(pictures, 3, axis=3) if pictures.shape[3] == 1 else pictures


def _read_folder(path: Path, most: int, seed: int) -> Pictures:
    """Every file that decodes, uint8 [N, H, W, 3]; those that do not are left out."""
    folder = Folder(str(path))
    count = folder.count()
    chosen = set(np.random.default_rng(seed).permutation(count)[:most].tolist())
    found: dict[str, Pictures] = {}
    for place, raw in enumerate(track(folder.pictures(), "evaluate", count, f"files of {path.name}")):
        if place in chosen and raw.problem is None:
            try:
                found[raw.name] = decode(raw.data)
            except Refused:
                continue
    if not found:
        raise AtelierError(f"{path}: expected pictures, found {count} files of which none is one that can be read.")
    _same_size(path, found)
    return np.stack(list(found.values()))


def _same_size(path: Path, found: dict[str, Pictures]) -> None:
    first = next(iter(found))
    for name, picture in found.items():
        if picture.shape != found[first].shape:
            sizes = [" × ".join(map(str, found[key].shape[:2])) for key in (first, name)]
            raise AtelierError(
                f"{path}: expected pictures of one size, found {sizes[0]} ({first}) and {sizes[1]} ({name}). Nothing was scored. "
                f"`python -m tasks.curate --source {path} --out FOLDER` brings them to one size; then name FOLDER."
            )
