"""Shards: what is written comes back, the same bytes every time, and damage is named."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganlib.errors import AtelierError
from ganlib.pictures import shard_writer
from ganlib.pictures.raw import RawPicture
from ganlib.pictures.shards import read_shards, read_summary, write_shards

PICTURES = [
    RawPicture("a/1.png", b"\x89PNG one", {"class": "a", "length": 0.5}, "folder", "CC0 1.0", "by A"),
    RawPicture("a/2.png", b"\x89PNG two", {"class": "a"}, "folder", "CC BY 4.0", "by B"),
    RawPicture("b/link.png", b"", {}, "folder", problem="link-outside"),
    RawPicture("b/3.png", b"\x89PNG three" * 10, {"class": "b", "late": "only here"}, "folder"),
]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of two pictures."""
    monkeypatch.setattr(shard_writer, "ROWS", 2)


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_what_was_written_is_read_back(tmp_path: Path, small: None) -> None:
    """Names, bytes, labels, provenance and problems survive, in order, over several shards."""
    write_shards(PICTURES, tmp_path, "folder")
    assert list(read_shards(tmp_path)) == PICTURES
    assert sorted(path.name for path in tmp_path.glob("*.parquet")) == ["part-00000.parquet", "part-00001.parquet"]


def test_summary_counts_problems_and_lists_provenance(tmp_path: Path) -> None:
    """`raw.json` says how many pictures there are, how many were refused and why, and under which licences."""
    write_shards(PICTURES, tmp_path, "folder")
    summary = read_summary(tmp_path)
    assert (summary.source, summary.pictures, summary.problems) == ("folder", 4, {"link-outside": 1})
    assert summary.licences == ["CC BY 4.0", "CC0 1.0"]
    assert summary.attributions == ["by A", "by B"]


def test_same_pictures_give_same_bytes(tmp_path: Path, small: None) -> None:
    """Two writings of the same pictures are equal, file by file."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_shards(iter(PICTURES), tmp_path / name, "folder")
    assert _digests(tmp_path / "one") == _digests(tmp_path / "two")


def test_every_shard_has_a_column_for_every_label(tmp_path: Path, small: None) -> None:
    """A label that is first seen in the last shard is a column of nulls in the first."""
    write_shards(PICTURES, tmp_path)
    tables = [pq.read_table(path) for path in sorted(tmp_path.glob("*.parquet"))]
    assert tables[0].schema == tables[1].schema
    assert tables[0]["label.late"].to_pylist() == [None, None]


def test_a_shard_is_closed_before_it_outgrows_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large pictures make for shards of fewer rows."""
    monkeypatch.setattr(shard_writer, "BYTES", 100)
    write_shards([RawPicture(str(i), bytes(60)) for i in range(3)], tmp_path)
    assert [pq.ParquetFile(path).metadata.num_rows for path in sorted(tmp_path.glob("*.parquet"))] == [1, 1, 1]


def test_a_name_used_twice_is_refused(tmp_path: Path) -> None:
    """The error names the picture."""
    with pytest.raises(AtelierError, match=r"a/1\.png: expected every picture to have a name of its own"):
        write_shards([PICTURES[0], PICTURES[0]], tmp_path)


def test_a_label_of_two_types_is_refused(tmp_path: Path) -> None:
    """The error names the picture, the label and the value."""
    odd = replace(PICTURES[1], labels={"length": "long"})
    with pytest.raises(AtelierError, match=r"a/2\.png: expected the label length to be one of numbers.*'long'"):
        write_shards([PICTURES[0], odd], tmp_path)


@pytest.mark.parametrize(
    ("pictures", "found"), [([], "found none. Nothing"), ([PICTURES[2]], r"among 1 files \(link-outside: 1\)")]
)
def test_nothing_usable_is_one_error(tmp_path: Path, pictures: list[RawPicture], found: str) -> None:
    """No picture at all, or only refused ones, is an error that counts them by reason."""
    with pytest.raises(AtelierError, match=found):
        write_shards(pictures, tmp_path)


def _rewrite(path: Path, change: str) -> None:
    table = pq.read_table(path)
    if change == "drop":
        table = table.drop_columns(["data"])
    elif change == "retype":
        table = table.set_column(1, "data", pa.array(["text"] * len(table)))
    else:
        table = table.append_column("label.odd", pa.array([[1]] * len(table)))
    pq.write_table(table, path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("drop", r"part-00000\.parquet: expected a column data \(binary\), found none"),
        ("retype", r"part-00000\.parquet: expected column data to be binary, found string"),
        ("add", r"part-00000\.parquet: expected column label\.odd to be string or double, found list"),
    ],
)
def test_a_wrong_column_is_named_with_its_file(tmp_path: Path, change: str, message: str) -> None:
    """Reading a shard whose column is missing or of another type says which, and where."""
    write_shards(PICTURES, tmp_path)
    _rewrite(tmp_path / "part-00000.parquet", change)
    with pytest.raises(AtelierError, match=message):
        list(read_shards(tmp_path))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("name", None, "expected a value in column name, row 1 .*, found none"),
        ("name", "a/1.png", "expected every picture to have a name of its own, row 1 .*, found a/1.png a second time"),
        ("data", None, "expected a value in column data, row 1 .*, found none"),
        ("source", None, "expected a value in column source, row 1 .*, found none"),
        ("problem", "<script>", "expected no problem, or the short name of one, row 1 .*, found '<script>'"),
        ("label.length", float("inf"), "expected a number or none in column label.length, row 1 .*, found inf"),
    ],
)
def test_a_row_that_is_never_written_is_named(tmp_path: Path, column: str, value: object, message: str) -> None:
    """With its file and what is wrong with it: anyone may have written it."""
    write_shards(PICTURES, tmp_path)
    path = tmp_path / "part-00000.parquet"
    table = pq.read_table(path)
    values = table[column].to_pylist()
    values[1] = value
    place = table.schema.get_field_index(column)
    pq.write_table(table.set_column(place, column, pa.array(values, table.schema.field(place).type)), path)
    with pytest.raises(AtelierError, match=rf"part-00000\.parquet: {message}\. Run the step collect again"):
        list(read_shards(tmp_path))


def test_a_large_picture_in_a_shard_is_refused_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a row with a reason and without bytes."""
    monkeypatch.setattr("ganlib.pictures.sources.rows.LARGEST", 99)
    write_shards(PICTURES, tmp_path)
    assert [(p.problem, len(p.data)) for p in read_shards(tmp_path)][-1] == ("too-large-file", 0)


def test_a_truncated_shard_is_named(tmp_path: Path) -> None:
    """A shard cut short is one error with its name, not a traceback of the Parquet reader."""
    write_shards(PICTURES, tmp_path)
    shard = tmp_path / "part-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-20])
    with pytest.raises(AtelierError, match=r"part-00000\.parquet: expected a Parquet file, found it damaged"):
        list(read_shards(tmp_path))


def test_a_missing_shard_is_noticed(tmp_path: Path, small: None) -> None:
    """A shard missing from the row or from its end is an error, not fewer pictures."""
    write_shards(PICTURES, tmp_path)
    (tmp_path / "part-00001.parquet").rename(tmp_path / "away")
    with pytest.raises(AtelierError, match=r"expected 4 raw pictures, as raw\.json says, found 2"):
        list(read_shards(tmp_path))
    (tmp_path / "away").rename(tmp_path / "part-00002.parquet")
    with pytest.raises(AtelierError, match=r"expected part-00001\.parquet, found part-00002\.parquet"):
        list(read_shards(tmp_path))


def test_an_empty_folder_says_which_step_to_run(tmp_path: Path) -> None:
    """Reading where nothing was collected names the step collect."""
    with pytest.raises(AtelierError, match="Run the step collect first"):
        list(read_shards(tmp_path))
