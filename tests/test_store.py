"""The data set on disk: what is opened is what was written, or an error says what is wrong with it."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawing import pixels, put

from ganlib.errors import AtelierError
from ganlib.pictures.looks import digest_pixels
from ganlib.pictures.store import COLUMNS, Store, write_store

PICTURES = np.stack([pixels(seed, 16) for seed in range(6)])
ORDER = [4, 0, 3]
SPLITS = ["train", "train", "heldout"]


def _manifest(**changed: list[object]) -> pa.Table:
    columns = {
        "name": [f"{row}.png" for row in ORDER],
        "digest": [digest_pixels(PICTURES[row]) for row in ORDER],
        "split": SPLITS,
        "source": ["s"] * 3,
        "licence": ["CC0 1.0", "", "CC0 1.0"],
        "attribution": [""] * 3,
        "label.hair": ["red", None, "blue"],
        "label.length": [0.5, None, 1.0],
    }
    return pa.table(columns | changed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three of six pictures as a data set."""
    write_store(tmp_path, PICTURES, ORDER, _manifest(), {"damaged": 3})
    return tmp_path


def test_what_was_written_is_opened(folder: Path) -> None:
    """Pictures in the order given, in two parts, described row by row."""
    store = Store.open(folder)
    np.testing.assert_array_equal(store.train, PICTURES[[4, 0]])
    np.testing.assert_array_equal(store.heldout, PICTURES[[3]])
    assert (store.size, store.channels, store.train.flags.c_contiguous) == (16, 3, True)
    assert store.manifest["name"].tolist() == ["4.png", "0.png", "3.png"]
    assert store.info["set_aside"] == {"damaged": 3}
    assert store.info["licences"] == ["CC0 1.0"]
    assert isinstance(store.pictures, np.memmap)


def test_the_digest_is_of_pixels_splits_and_labels_but_not_of_names(folder: Path, tmp_path: Path) -> None:
    """Renaming a file leaves the data set the same; another label makes it another."""
    digest = Store.open(folder).digest
    renamed = write_store(tmp_path, PICTURES, ORDER, _manifest(name=["x", "y", "z"]), {})
    assert renamed.digest == digest
    relabelled = write_store(tmp_path, PICTURES, ORDER, _manifest(**{"label.hair": ["red", "red", "blue"]}), {})
    assert relabelled.digest != digest
    assert write_store(tmp_path, 255 - PICTURES, ORDER, _manifest(), {}).digest != digest


@pytest.mark.parametrize(
    "wrong",
    [{"name": ["a", "a", "b"]}, {"split": ["train", "train", "test"]}, {"digest": ["1", "2", "3"]}, {"extra": [1, 2, 3]}],
)
def test_a_manifest_of_another_form_is_never_written(tmp_path: Path, wrong: dict[str, list[object]]) -> None:
    """Names twice, an unknown split, what is no digest, or a column too many: pandera's schema refuses it."""
    from pandera.errors import SchemaError, SchemaErrors

    with pytest.raises((SchemaError, SchemaErrors)):
        write_store(tmp_path, PICTURES, ORDER, _manifest(**wrong), {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["pictures.npy", "manifest.parquet", "dataset.json"])
def test_a_missing_or_damaged_file_is_named(folder: Path, name: str) -> None:
    """Cut short, emptied, or gone: one error with the file's name and the step to run."""
    content = (folder / name).read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"text"):
        put(folder / name, damaged)
        with pytest.raises(AtelierError, match=rf"{name}: expected .* Run the step curate again"):
            Store.open(folder)
    (folder / name).unlink()
    with pytest.raises(AtelierError, match=rf"{name}: expected .* found nothing there. Run the step curate first"):
        Store.open(folder)


def test_a_changed_pixel_is_noticed(folder: Path) -> None:
    """One bit flipped in the array is an error, unless the reader asks not to verify."""
    content = bytearray((folder / "pictures.npy").read_bytes())
    content[-1] ^= 1
    put(folder / "pictures.npy", bytes(content))
    assert Store.open(folder, verify=False).size == 16
    with pytest.raises(AtelierError, match=r"expected the data set [0-9a-f]{32}, as dataset\.json says, found"):
        Store.open(folder)


def test_files_of_two_data_sets_do_not_pass_for_one(folder: Path) -> None:
    """A count that the array does not have, a column that is missing, and an array of objects are refused."""
    info = json.loads((folder / "dataset.json").read_text())
    put(folder / "dataset.json", json.dumps({**info, "train": 5}).encode())
    with pytest.raises(AtelierError, match=r"expected pictures \[6, 16, 16, 3\].*found \[3, 16, 16, 3\]"):
        Store.open(folder)
    put(folder / "dataset.json", json.dumps({**info, "train": 1, "heldout": 2}).encode())
    with pytest.raises(AtelierError, match=r"expected manifest\.parquet to have the splits"):
        Store.open(folder)
    pq.write_table(_manifest().drop_columns(["split"]), folder / "manifest.parquet")
    with pytest.raises(AtelierError, match=r"manifest\.parquet: expected a column split, found name, digest"):
        Store.open(folder)
    np.save(folder / "pictures.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(AtelierError, match=r"pictures\.npy: expected an array of pictures, found it damaged"):
        Store.open(folder)


def test_the_columns_are_those_of_the_format() -> None:
    """The manifest begins with name, digest, split and provenance."""
    assert COLUMNS == ("name", "digest", "split", "source", "licence", "attribution")
