"""The data set: one array of pictures, a table that says what each one is, and their common digest."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ganlib.errors import AtelierError
from ganlib.files import write_bytes, write_json
from ganlib.pictures.decode import Pixels
from ganlib.pictures.split import HELDOUT, TRAIN
from ganlib.pictures.tables import parquet_bytes

PICTURES, MANIFEST, INFO = "pictures.npy", "manifest.parquet", "dataset.json"
COLUMNS = ("name", "digest", "split", "source", "licence", "attribution")
BLOCK = 1024
AGAIN = "Run the step curate again."


@dataclass(frozen=True)
class Store:
    """A data set on disk. pictures: uint8 [N, H, W, C], memory-mapped, C = 3 or 1, sorted by (split, digest), train first.
    manifest: row i describes pictures[i]. info: `dataset.json`."""

    pictures: Pixels
    manifest: pd.DataFrame
    info: dict[str, Any]

    @classmethod
    def open(cls, folder: Path, verify: bool = True) -> "Store":
        """The data set in `folder`. Raises `AtelierError` where a file is missing or damaged, or they do not fit together.

        `verify` also reads everything through and compares the digest: about a second a gigabyte.
        """
        store = cls(_pictures(folder / PICTURES), _manifest(folder / MANIFEST), _info(folder / INFO))
        _check(folder, store)
        if verify and (found := digest_of(store.pictures, store.manifest)) != store.digest:
            raise AtelierError(f"{folder}: expected the data set {store.digest}, as {INFO} says, found {found}: damaged. {AGAIN}")
        return store

    @property
    def train(self) -> Pixels:
        """The pictures to learn from, uint8 [n, H, W, C]."""
        return self.pictures[: self.info["train"]]

    @property
    def heldout(self) -> Pixels:
        """The pictures that are never learned from, uint8 [m, H, W, C]."""
        return self.pictures[self.info["train"] :]

    @property
    def digest(self) -> str:
        """The identity of the data set: of its pixels, their split and their labels."""
        return str(self.info["digest"])

    @property
    def size(self) -> int:
        """Pixels a side."""
        return int(self.info["size"])

    @property
    def channels(self) -> int:
        """3 (RGB) or 1 (grey)."""
        return int(self.info["channels"])


def write_store(folder: Path, pictures: Pixels, order: Sequence[int], manifest: pa.Table, set_aside: dict[str, int]) -> Store:
    """Write `pictures[order]` and its manifest, whose rows are in that order already, into `folder`; returns it, opened.

    Raises pandera's `SchemaError` where the manifest is not what `manifest_schema` says: a defect of this program.
    """
    frame = manifest.to_pandas()
    manifest_schema(frame)
    _write_pictures(folder / PICTURES, pictures, order)
    write_bytes(folder / MANIFEST, parquet_bytes(manifest))
    train = int((frame["split"] == TRAIN).sum())
    info = {
        "digest": digest_of(np.load(folder / PICTURES, mmap_mode="r", allow_pickle=False), frame),
        "size": pictures.shape[1],
        "channels": pictures.shape[3],
        "train": train,
        "heldout": len(frame) - train,
        "kept": len(frame),
        "set_aside": set_aside,
        "licences": sorted(set(frame["licence"]) - {""}),
        "attributions": sorted(set(frame["attribution"]) - {""}),
    }
    write_json(folder / INFO, info)
    return Store.open(folder, verify=False)


def manifest_schema(frame: pd.DataFrame) -> None:
    """Validate a manifest with pandera."""
    import pandera.pandas as pandera

    text = {name: pandera.Column(str) for name in COLUMNS}
    text["name"] = pandera.Column(str, unique=True)
    text["digest"] = pandera.Column(str, pandera.Check.str_matches(r"^[0-9a-f]{32}$"), unique=True)
    text["split"] = pandera.Column(str, pandera.Check.isin([TRAIN, HELDOUT]))
    labels = {name: pandera.Column(nullable=True) for name in frame.columns if name.startswith("label.")}
    pandera.DataFrameSchema({**text, **labels}, strict=True).validate(frame)


def digest_of(pictures: Pixels, manifest: pd.DataFrame) -> str:
    """BLAKE2b-128 of the array's shape and content, and of split and labels; not of names, which may change as they like."""
    hasher = hashlib.blake2b(digest_size=16)
    hasher.update(repr(pictures.shape).encode())
    for start in range(0, len(pictures), BLOCK):
        hasher.update(np.ascontiguousarray(pictures[start : start + BLOCK]).data)
    for name in sorted(column for column in manifest.columns if column in ("digest", "split") or column.startswith("label.")):
        values = np.where(manifest[name].isna(), None, manifest[name].astype(object)).tolist()  # type: ignore[call-overload]
        hasher.update(json.dumps([name, values], ensure_ascii=False).encode())
    return hasher.hexdigest()


def _write_pictures(path: Path, pictures: Pixels, order: Sequence[int]) -> None:
    """The rows in order, block by block: a full disk is an `OSError`, where a memory map would be killed."""
    shape = (len(order), *pictures.shape[1:])
    with path.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        for start in range(0, len(order), BLOCK):
            stream.write(np.ascontiguousarray(pictures[list(order[start : start + BLOCK])]).data)


def _pictures(path: Path) -> Pixels:
    try:
        pictures: Pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise AtelierError(
            f"{path}: expected the pictures of a data set, found nothing there. Run the step curate first."
        ) from None
    except (ValueError, EOFError, SyntaxError, TypeError, TokenError) as error:  # of a header that is no Python literal
        raise AtelierError(f"{path}: expected an array of pictures, found it damaged ({error}). {AGAIN}") from None
    if pictures.dtype != np.uint8 or pictures.ndim != 4:
        raise AtelierError(f"{path}: expected bytes [N, H, W, C], found {pictures.dtype} {list(pictures.shape)}. {AGAIN}")
    return pictures


def _manifest(path: Path) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
    except FileNotFoundError:
        raise AtelierError(f"{path}: expected the table of a data set, found nothing there. Run the step curate first.") from None
    except (pa.ArrowException, OSError) as error:
        raise AtelierError(f"{path}: expected a Parquet file, found it damaged ({str(error).splitlines()[0]}). {AGAIN}") from None
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise AtelierError(f"{path}: expected a column {missing[0]}, found {', '.join(frame.columns)}. {AGAIN}")
    return frame


def _info(path: Path) -> dict[str, Any]:
    try:
        info: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AtelierError(f"{path}: expected a data set, found nothing there. Run the step curate first.") from None
    except ValueError as error:
        raise AtelierError(f"{path}: expected JSON, found it damaged ({error}). {AGAIN}") from None
    missing = [key for key in ("digest", "size", "channels", "train", "heldout") if key not in info]
    if missing:
        raise AtelierError(f"{path}: expected the key {missing[0]}, found {', '.join(info)}. {AGAIN}")
    return info


def _check(folder: Path, store: Store) -> None:
    """Raise `AtelierError` where the three files do not describe the same pictures."""
    expected = [store.info["train"] + store.info["heldout"], store.size, store.size, store.channels]
    if list(store.pictures.shape) != expected:
        raise AtelierError(f"{folder}: expected pictures {expected}, as {INFO} says, found {list(store.pictures.shape)}. {AGAIN}")
    split = [TRAIN] * store.info["train"] + [HELDOUT] * store.info["heldout"]
    if store.manifest["split"].tolist() != split:
        raise AtelierError(f"{folder}: expected {MANIFEST} to have the splits that {INFO} says, found others. {AGAIN}")
