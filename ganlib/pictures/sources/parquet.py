"""Pictures in Parquet: the shards of this project, or any file with a column of encoded pictures."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from ganlib.errors import AtelierError, listed
from ganlib.pictures.raw import Label, RawPicture
from ganlib.pictures.shard_writer import COLUMNS
from ganlib.pictures.shards import read_shard
from ganlib.pictures.sources.found import Names, Origin, must_exist

DATA = ("data", "bytes", "image")
NAME = ("name", "path", "file_name")


@dataclass(frozen=True)
class Parquet:
    """Section `collect` of `params.yaml` for `source: parquet`.

    `path` is a Parquet file or a folder of them. The encoded pictures are in a binary column `data`, `bytes` or `image` (or a
    structure with a field `bytes`, as public data sets have it); columns of text, truth values and numbers become labels, others
    are left out, which is said. Shards of this project keep their labels and provenance.
    """

    path: str
    source: Literal["parquet"] = "parquet"
    licence: str = ""
    attribution: str = ""

    def count(self) -> int:
        """How many pictures `pictures` yields."""
        return sum(_opened(path).metadata.num_rows for path in self._files())

    def pictures(self) -> Iterator[RawPicture]:
        """Yield every row, file by file. Raises `AtelierError` where a file is damaged or has no column of pictures."""
        origin, names = Origin(Path(self.path).name, self.licence, self.attribution), Names()
        files = self._files()
        ours = {path for path in files if set(COLUMNS) <= set(_opened(path).schema_arrow.names)}
        _say_left_out(Path(self.path), [path for path in files if path not in ours])
        for path in files:
            yield from read_shard(path) if path in ours else _read(path, origin, names)

    def _files(self) -> list[Path]:
        root = Path(self.path)
        must_exist(root, "a Parquet file or a folder of them")
        files = sorted(root.glob("**/*.parquet")) if root.is_dir() else [root]
        if not files:
            raise AtelierError(f"{root}: expected Parquet files (*.parquet) in this folder, found none. Name another.")
        return files


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> Exception:
    """The sentence for what a reader of Parquet refuses; what the disk refuses is raised as it is."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    return AtelierError(
        f"{path}: expected a Parquet file, found something else, or a damaged one ({str(error).splitlines()[0]})."
    )


def _say_left_out(root: Path, files: list[Path]) -> None:
    """One sentence for all files."""
    left: dict[str, None] = {}
    for path in files:
        schema = _opened(path).schema_arrow
        column, named, labels = _columns(path, schema)
        left |= dict.fromkeys(name for name in schema.names if name not in (column, named, *labels))
    if left:
        print(f"{root}: left out, as neither text, truth values nor numbers: {listed(list(left))}.", file=sys.stderr)


def _read(path: Path, origin: Origin, names: Names) -> Iterator[RawPicture]:
    file = _opened(path)
    column, named, labels = _columns(path, file.schema_arrow)
    number = 0
    for batch in _batches(path, file, [name for name in (column, named, *labels) if name]):
        for row in batch:
            name = (named and row[named]) or f"{path.stem}-{number:06d}"
            yield origin.picture(names.unique(name), _bytes(row[column]), _labels(row, labels))
            number += 1


def _batches(path: Path, file: pq.ParquetFile, columns: list[str]) -> Iterator[list[dict[str, Any]]]:
    """The rows, some at a time."""
    try:
        for batch in file.iter_batches(batch_size=64, columns=columns):
            yield batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None


def _columns(path: Path, schema: pa.Schema) -> tuple[str, str | None, list[str]]:
    """The column of encoded pictures, that of their names, if any, and those of their labels."""
    column = _column(path, schema)
    named = next((name for name in NAME if name in schema.names and _is_text(schema.field(name).type)), None)
    labels = [name for name in schema.names if name not in (column, named) and _is_label(schema.field(name).type)]
    return column, named, labels


def _column(path: Path, schema: pa.Schema) -> str:
    """The name of the column of encoded pictures."""
    for name in DATA:
        if name in schema.names and _is_data(schema.field(name).type):
            return name
    raise AtelierError(
        f"{path}: expected a column {', '.join(DATA[:-1])} or {DATA[-1]} of encoded pictures (binary, or a structure with a "
        f"field bytes), found {', '.join(f'{field.name} ({field.type})' for field in schema)}. Rename or convert the column."
    )


def _is_data(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(field.name == "bytes" and _is_data(field.type) for field in kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(_plain(kind)) or pa.types.is_large_string(_plain(kind)))


def _is_label(kind: pa.DataType) -> bool:
    tests = (_is_text, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating)
    return any(test(_plain(kind)) for test in tests)


def _plain(kind: pa.DataType) -> pa.DataType:
    """What a column holds, whether or not each value is kept only once (a dictionary; pandas: Categorical)."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _bytes(value: Any) -> bytes:
    return (value.get("bytes") if isinstance(value, dict) else value) or b""


def _labels(row: dict[str, Any], names: list[str]) -> dict[str, Label]:
    """Text as it is, numbers as floats, truth values as "true" and "false", and nothing where there is none."""
    labels: dict[str, Label] = {}
    for name in names:
        value = row[name]
        if isinstance(value, bool):
            value = str(value).lower()
        if value is not None and value == value:
            labels[name] = value if isinstance(value, str) else float(value)
    return labels
