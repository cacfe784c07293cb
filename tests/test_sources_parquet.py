"""Parquet as a source: our own shards, and the files of others."""

import errno
import io
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawing import png, put

from ganlib.errors import AtelierError
from ganlib.pictures.raw import RawPicture
from ganlib.pictures.shard_writer import COLUMNS
from ganlib.pictures.shards import write_shards
from ganlib.pictures.sources import rows
from ganlib.pictures.sources.pages import chunks, page_sizes
from ganlib.pictures.sources.parquet import Parquet

PROVENANCE = ("source", "licence", "attribution")


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
    with pytest.raises(AtelierError, match=r"t\.parquet: expected a Parquet file, found it damaged, or something else"):
        Parquet(str(put(tmp_path / "t.parquet", b"text"))).count()
    pq.write_table(pa.table({"data": ["text"], "n": [1]}), tmp_path / "t.parquet")
    with pytest.raises(AtelierError, match=r"expected a column data, bytes or image .* found data \(string\), n \(int64\)"):
        list(Parquet(str(tmp_path)).pictures())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with one file of two pictures."""
    (tmp_path / "set").mkdir()
    pq.write_table(pa.table({"image": [png(1), png(2)]}), tmp_path / "set" / "x.parquet")
    return tmp_path / "set"


def _ours(**columns: Any) -> pa.Table:
    """A table such as a shard is, of two pictures, with some of its columns replaced."""
    rows = {"name": ["a", "b"], "data": [png(1), png(2)], "problem": [None, None], **{name: ["s", "s"] for name in PROVENANCE}}
    return pa.table({name: pa.array(columns.get(name, rows[name]), kind) for name, kind in COLUMNS.items()})


def _repeated(value: bytes, times: int, path: Path, **options: Any) -> Path:
    """A file in which a picture is written once and referred to often."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * times, pa.int32()), pa.array([value]))
    pq.write_table(pa.table({"data": column}), path, compression="zstd", store_schema=False, **options)
    return path


def test_what_unpacks_to_too_much_takes_little_memory(tmp_path: Path) -> None:
    """Two kilobytes that stand for two gigabytes are refused in a sentence, at the memory of a few pictures."""
    bomb = _repeated(bytes(48 * 2**20), 40, tmp_path / "bomb.parquet")
    assert bomb.stat().st_size < 4000
    code = (
        "import re, sys; from pathlib import Path; from ganlib.pictures.sources.parquet import Parquet\n"
        "try: list(Parquet(sys.argv[1]).pictures())\n"
        "except Exception as error: print(type(error).__name__, error)\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text()).group(1)) // 1024)"
    )
    command = [sys.executable, "-c", code, str(bomb)]
    root = str(Path(__file__).parents[1])
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env={"PYTHONPATH": root})
    told, peak = done.stdout.splitlines()
    assert told.startswith(f"AtelierError {bomb}: expected pictures, found data that unpacks to over 200 times its size")
    assert int(peak) < 1024  # MiB; 7,000 where 64 rows are read at once (getrusage would tell the peak of who started it, too)


@pytest.mark.parametrize("column", ["data", "word"])
def test_large_pages_are_refused_before_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    """Of pictures, and of labels."""
    monkeypatch.setattr(rows, "SMALL", 2**20)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", None)
    table = {"data": [png()] * 40, "word": ["x"] * 40, column: pa.array([bytes(2**16)] * 40).cast(pa.binary())}
    table["word"] = pa.array(table["word"]).cast(pa.string())
    pq.write_table(pa.table(table), tmp_path / "t.parquet", compression="zstd", use_dictionary=False)
    with pytest.raises(AtelierError, match="unpacks to over 200 times its size; nothing was kept"):
        list(Parquet(str(tmp_path)).pictures())


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_pages_are_measured_as_the_footer_has_them(compression: str, version: str) -> None:
    """Together they are as large as an honest writer says, but for their headers; the ends of numbers are read, too."""
    table = pa.table({"data": [bytes(50)] * 900, "list": [[1, 2]] * 900, "k": range(900), "w": ["word"] * 900})
    stream = io.BytesIO()
    options = {"compression": compression, "data_page_version": version, "row_group_size": 300, "data_page_size": 2000}
    pq.write_table(table, stream, use_dictionary=["w"], **options)
    metadata = pq.ParquetFile(stream).metadata
    for group, found in enumerate(chunks(stream, range(4))):
        for column, chunk in enumerate(found):
            pages, total = page_sizes(stream, chunk), metadata.row_group(group).column(column).total_uncompressed_size
            assert 10 * len(pages) < total - sum(pages) < 200 * len(pages)
        assert found[2].ends == ((300 * group).to_bytes(8, "little"), (300 * group + 299).to_bytes(8, "little"))


def test_a_header_of_a_page_that_makes_no_sense_is_one_error(place: Path) -> None:
    """It is found before the reader of Parquet goes by it."""
    path = place / "x.parquet"
    data = path.read_bytes()
    path.write_bytes(data[:4] + b"\xff" * 40 + data[44:])
    with pytest.raises(AtelierError, match=r"x\.parquet: expected a Parquet file, found it damaged"):
        list(Parquet(str(place)).pictures())


def test_more_rows_than_bytes_are_refused(tmp_path: Path) -> None:
    """A picture has a byte or more."""
    pq.write_table(pa.table({"data": pa.nulls(100_000, pa.binary())}), tmp_path / "t.parquet")
    with pytest.raises(AtelierError, match=r"t\.parquet: expected pictures, found 100,000 rows in [\d,]+ bytes"):
        Parquet(str(tmp_path)).count()


def test_a_large_picture_is_refused_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file of anyone and in a shard; the others are kept."""
    monkeypatch.setattr(rows, "LARGEST", 3000)
    for name, table in (("1", pa.table({"data": [bytes(3001), png()]})), ("2", _ours(data=[bytes(3001), png()]))):
        pq.write_table(table, tmp_path / f"{name}.parquet")
    assert [p.problem for p in Parquet(str(tmp_path)).pictures()] == ["too-large-file", None] * 2


def test_a_shard_is_looked_at_as_any_file_is(tmp_path: Path) -> None:
    """What is no picture is a row with a reason; a name that was there before is made new."""
    pq.write_table(_ours(), tmp_path / "1.parquet")
    pq.write_table(_ours(data=[b"PK\x03\x04 zip", b""]), tmp_path / "2.parquet")
    found = [(p.name, p.problem) for p in Parquet(str(tmp_path)).pictures()]
    assert found == [("a", None), ("b", None), ("a#2", "archive"), ("b#2", "empty-file")]


@pytest.mark.threat("links and pipes among Parquet files", found="listed, not followed")
def test_nothing_is_followed_out_of_the_folder(place: Path, tmp_path: Path) -> None:
    """Links that leave it, broken ones and pipes are listed with their reasons, junk is not; a folder may be named so."""
    pq.write_table(pa.table({"image": [png(9)]}), tmp_path / "secret.parquet")
    (place / "out.parquet").symlink_to(tmp_path / "secret.parquet")
    (place / "in.parquet").symlink_to(place / "x.parquet")
    (place / "dead.parquet").symlink_to("nowhere")
    os.mkfifo(place / "pipe.parquet")
    put(place / "._x.parquet", b"\0\5\x16\7")
    put(place / ".cache" / "y.parquet", b"junk")
    put(place / "y.parquet" / "text", b"text")
    source = Parquet(str(place))
    pictures = {picture.name: picture for picture in source.pictures()}
    problems = {name: picture.problem for name, picture in pictures.items() if picture.problem}
    assert problems == {"out.parquet": "link-outside", "dead.parquet": "broken-link", "pipe.parquet": "not-a-file"}
    assert set(pictures) - set(problems) == {"in-000000", "in-000001", "x-000000", "x-000001"}
    assert source.count() == len(pictures)
    with pytest.raises(AtelierError, match="expected a Parquet file, found a folder, a pipe or a device; not read"):
        Parquet(str(place / "pipe.parquet")).count()


def test_a_file_that_may_not_be_read_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow's error does not say which it is."""

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pq, "ParquetFile", refuse)
    with pytest.raises(PermissionError) as caught:
        Parquet(str(place)).count()
    assert caught.value.filename == str(place / "x.parquet")


@pytest.mark.parametrize("twice", ["data", "name", "k"])
def test_a_column_twice_is_one_error(tmp_path: Path, twice: str) -> None:
    """Which of the two is meant, nobody knows."""
    columns = {"data": [png()], "name": ["a"], "k": [1]}
    table = pa.Table.from_arrays([*map(pa.array, columns.values()), pa.array(columns[twice])], [*columns, twice])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(AtelierError, match=rf"t\.parquet: expected every column once, found {twice} twice"):
        list(Parquet(str(tmp_path)).pictures())


def test_a_structure_in_a_structure_is_no_picture(tmp_path: Path) -> None:
    """Only a field of bytes itself is."""
    pq.write_table(pa.table({"image": [{"bytes": {"bytes": png()}}]}), tmp_path / "t.parquet")
    with pytest.raises(AtelierError, match="expected a column data, bytes or image of encoded pictures"):
        list(Parquet(str(tmp_path)).pictures())


def test_large_whole_numbers_keep_their_digits(tmp_path: Path) -> None:
    """As text, and so do all of their column, in every file; an infinite number is no label."""
    pq.write_table(pa.table({"data": [png(1)], "k": pa.array([2**64 - 1], pa.uint64()), "f": [math.inf]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"data": [png(2)], "k": [-3], "f": [0.5]}), tmp_path / "2.parquet")
    assert [p.labels for p in Parquet(str(tmp_path)).pictures()] == [{"k": "18446744073709551615"}, {"k": "-3", "f": 0.5}]
    pq.write_table(pa.table({"data": [png(1)], "k": [2**53 + 1]}), tmp_path / "1.parquet", write_statistics=False)
    with pytest.raises(AtelierError, match=r"1\.parquet: expected whole numbers up to 2\^53 in column k.*993 in row 0"):
        list(Parquet(str(tmp_path)).pictures())


@pytest.mark.parametrize("ours", [True, False])
def test_text_that_is_none_is_named_with_its_row(tmp_path: Path, ours: bool) -> None:
    """And so is a text that is as long as a book."""
    for value, found in ((b"\xff\xfe", "expected UTF-8 text in"), (b"x" * 70_000, "expected a text of at most 65,536")):
        offsets = pa.py_buffer(np.array([0, 1, 1 + len(value)], np.int32).tobytes())
        names = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"a" + value)])
        table = _ours() if ours else pa.table({"data": [png(1), png(2)], "name": ["a", "b"]})
        pq.write_table(table.set_column(table.schema.get_field_index("name"), "name", names), tmp_path / "t.parquet")
        with pytest.raises(AtelierError, match=rf"t\.parquet: {found}.* column name, row 1"):
            list(Parquet(str(tmp_path)).pictures())


def test_a_file_whose_own_name_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    """Arrow opens no such path."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/pics\xe9.parquet"))
    pq.write_table(pa.table({"data": [png(1)]}), tmp_path / "plain.parquet")
    (tmp_path / "plain.parquet").rename(path)
    with pytest.raises(AtelierError, match=r"pics\\xe9\.parquet: expected a path in UTF-8, .* not read\. Rename the file"):
        list(Parquet(str(path)).pictures())
