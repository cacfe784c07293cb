"""Parquet as a source: our own shards, and the files of others."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawing import png, put

from ganlib.errors import AtelierError
from ganlib.pictures.raw import RawPicture
from ganlib.pictures.shards import write_shards
from ganlib.pictures.sources.parquet import Parquet


def test_our_own_shards_keep_everything(tmp_path: Path) -> None:
    """Labels, provenance and problems come through as they were."""
    pictures = [
        RawPicture("a.png", png(), {"hair": "red", "length": 0.5}, "dicebear", "CC0 1.0", "by A"),
        RawPicture("b.png", b"", {}, "folder", problem="empty-file"),
    ]
    write_shards(pictures, tmp_path)
    assert list(Parquet(str(tmp_path)).pictures()) == pictures
    assert Parquet(str(tmp_path)).count() == 2


@pytest.mark.parametrize("column", ["data", "bytes", "image"])
def test_a_binary_column_is_enough(tmp_path: Path, column: str) -> None:
    """Pictures are named after the file and the row; text, numbers and truth values become labels."""
    rows = {column: [png(1), None], "digit": [7, None], "glad": [True, False], "word": ["yes", None], "list": [[1], [2]]}
    pq.write_table(pa.table(rows), tmp_path / "set.parquet")
    first, second = Parquet(str(tmp_path / "set.parquet"), licence="MIT").pictures()
    assert (first.name, first.data, first.licence) == ("set-000000", png(1), "MIT")
    assert first.labels == {"digit": 7.0, "glad": "true", "word": "yes"}
    assert (second.name, second.problem, second.labels) == ("set-000001", "empty-file", {"glad": "false"})


def test_a_structure_of_bytes_and_path_is_read(tmp_path: Path) -> None:
    """Public data sets keep a picture as {bytes, path}; a column of names names the pictures, uniquely."""
    rows = {"image": [{"bytes": png(1), "path": "x"}, {"bytes": png(2), "path": "x"}], "name": ["x.png", "x.png"]}
    pq.write_table(pa.table(rows), tmp_path / "set.parquet")
    assert [(p.name, p.data) for p in Parquet(str(tmp_path)).pictures()] == [("x.png", png(1)), ("x.png#2", png(2))]


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_text_is_text_however_it_is_kept(tmp_path: Path, text: pa.DataType) -> None:
    """It names pictures and labels them."""
    rows = {
        "image": [png(1), png(2)],
        "path": pa.array(["x.png", "y.png"]).cast(text),
        "hair": pa.array(["red", None]).cast(text),
    }
    pq.write_table(pa.table(rows), tmp_path / "set.parquet")
    found = [(p.name, p.labels) for p in Parquet(str(tmp_path)).pictures()]
    assert found == [("x.png", {"hair": "red"}), ("y.png", {})]


def test_what_pandas_writes_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text and categories, of words and of numbers; nothing is said to be left out."""
    frame = pd.DataFrame({"image": [png(1), png(2)], "name": ["x.png", "y.png"]})
    frame = frame.assign(kind=pd.Categorical(["cat", "dog"]), digit=pd.Categorical([7, 8]))
    frame.to_parquet(tmp_path / "set.parquet")
    found = [(p.name, p.labels) for p in Parquet(str(tmp_path)).pictures()]
    assert found == [("x.png", {"kind": "cat", "digit": 7.0}), ("y.png", {"kind": "dog", "digit": 8.0})]
    assert capsys.readouterr().err == ""


def test_columns_that_are_left_out_are_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For all files together."""
    for name, other in (("1", {"box": [[1]]}), ("2", {"box": [[2]], "thumb": [b"x"]})):
        pq.write_table(pa.table({"image": [png()], "digit": [7], **other}), tmp_path / f"{name}.parquet")
    assert [p.labels for p in Parquet(str(tmp_path)).pictures()] == [{"digit": 7.0}] * 2
    told = capsys.readouterr().err
    assert told == f"{tmp_path}: left out, as neither text, truth values nor numbers: box, thumb.\n"


def test_without_pictures_it_is_one_error(tmp_path: Path) -> None:
    """A missing file, a folder of none, a file that is no Parquet, and a table without pictures are told apart."""
    with pytest.raises(AtelierError, match="expected a Parquet file or a folder of them, found nothing there"):
        Parquet(str(tmp_path / "none")).count()
    with pytest.raises(AtelierError, match=r"expected Parquet files \(\*\.parquet\) in this folder, found none"):
        Parquet(str(tmp_path)).count()
    with pytest.raises(AtelierError, match=r"t\.parquet: expected a Parquet file, found something else"):
        Parquet(str(put(tmp_path / "t.parquet", b"text"))).count()
    pq.write_table(pa.table({"data": ["text"], "n": [1]}), tmp_path / "t.parquet")
    with pytest.raises(AtelierError, match=r"expected a column data, bytes or image .* found data \(string\), n \(int64\)"):
        list(Parquet(str(tmp_path)).pictures())
