"""Pictures in Parquet: the shards of this project, or any file with a column of encoded pictures."""

import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from ganlib.errors import AtelierError, listed
from ganlib.pictures.formats import SIGNATURES
from ganlib.pictures.raw import Label, RawPicture
from ganlib.pictures.shard_writer import COLUMNS
from ganlib.pictures.shards import read_shard
from ganlib.pictures.sources.found import Names, Origin, as_text, must_exist, placed, walk
from ganlib.pictures.sources.rows import Rows, ends, opened, read
from ganlib.pictures.sources.table import EXACT

DATA = ("data", "bytes", "image")
NAME = ("name", "path", "file_name")
_STARTS = tuple(start for starts in SIGNATURES.values() for start in starts)  # pictures for sure; others are looked at again


@dataclass(frozen=True)
class Parquet:
    """Section `collect` of `params.yaml` for `source: parquet`.

    `path` is a Parquet file or a folder of them. The encoded pictures are in a binary column `data`, `bytes` or `image` (or a
    structure with a field `bytes`, as public data sets have it); columns of text, truth values and numbers become labels, others
    are left out, which is said. A column with a whole number beyond 2^53, of which a float would lose digits, is text. Shards
    of this project keep their labels and provenance.
    """

    path: str
    source: Literal["parquet"] = "parquet"
    licence: str = ""
    attribution: str = ""

    def count(self) -> int:
        """How many pictures `pictures` yields."""
        return sum(1 if file.problem else _rows(file.path) for file in self._files())

    def pictures(self) -> Iterator[RawPicture]:
        """Yield every row, file by file, and a link or a pipe among the files as one that is refused.

        Raises `AtelierError` where a file is damaged, unpacks to too much, or has no column of pictures.
        """
        origin, names = Origin(as_text(placed(self.path).name), self.licence, self.attribution), Names()
        files = self._files()
        schemas = {file.path: _schema(file.path) for file in files if not file.problem}
        others = {path: schema for path, schema in schemas.items() if not _is_ours(schema)}
        _say_left_out(placed(self.path), others)
        large = _large(others)
        for file in files:
            if file.problem:
                yield origin.refused(names.unique(as_text(file.path.relative_to(placed(self.path)))), file.problem)
            elif file.path in others:
                yield from _read(file.path, origin, names, large)
            else:
                yield from _read_ours(file.path, names)

    def _files(self) -> list["_File"]:
        root = placed(self.path)
        must_exist(root, "a Parquet file or a folder of them")
        files = sorted(_walk(root)) if root.is_dir() else [_File(root)]
        if not files:
            raise AtelierError(f"{root}: expected Parquet files (*.parquet) in this folder, found none. Name another.")
        return files


@dataclass(frozen=True, order=True)
class _File:
    """One that is named as a Parquet file, and why it is not opened."""

    path: Path
    problem: str = ""


def _walk(root: Path) -> Iterator[_File]:
    """Every `*.parquet` under `root`, as in a folder of pictures."""
    top = Path(os.path.realpath(root))
    for name in walk(root):
        if name.endswith(b".parquet"):
            path = root / os.fsdecode(name)
            yield _File(path, _problem(path, top))


def _problem(path: Path, top: Path) -> str:
    """Why a file is not opened: it is one elsewhere, or none."""
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(top):
        return "link-outside"
    if not path.exists():
        return "broken-link"
    return "" if path.is_file() else "not-a-file"


def _rows(path: Path) -> int:
    with opened(path) as file:
        return int(file.metadata.num_rows)


def _schema(path: Path) -> pa.Schema:
    with opened(path) as file:
        return file.schema_arrow


def _is_ours(schema: pa.Schema) -> bool:
    return set(COLUMNS) <= set(schema.names)


def _say_left_out(root: Path, schemas: dict[Path, pa.Schema]) -> None:
    """One sentence for all files."""
    left: dict[str, None] = {}
    for path, schema in schemas.items():
        column, named, labels = _columns(path, schema)
        left |= dict.fromkeys(name for name in schema.names if name not in (column, named, *labels))
    if left:
        print(f"{root}: left out, as neither text, truth values nor numbers: {listed(list(left))}.", file=sys.stderr)


def _read(path: Path, origin: Origin, names: Names, large: set[str]) -> Iterator[RawPicture]:
    stem = as_text(path.stem)
    with opened(path) as file:
        column, named, labels = _columns(path, file.schema_arrow)
        for rows in read(path, file, column, [*([named] if named else []), *labels]):
            columns = [_labels(path, name, rows, name in large) for name in labels]
            known = zip(*columns, strict=True) if labels else repeat(())
            given = rows.others[named] if named else repeat(None)
            for row, ((data, unread), name, values) in enumerate(zip(rows.pictures, given, known, strict=False), rows.first):
                name = names.unique(name or f"{stem}-{row:06d}")
                if unread:
                    yield origin.refused(name, unread)
                else:
                    of_it = {label: value for label, value in zip(labels, values, strict=True) if value is not None}
                    yield origin.picture(name, data or b"", of_it)


def _read_ours(path: Path, names: Names) -> Iterator[RawPicture]:
    """Pictures of a shard, looked at as those of all sources are: anyone may have written it."""
    for picture in read_shard(path):
        name = names.unique(picture.name)
        if picture.problem or picture.data.startswith(_STARTS):
            yield picture if name == picture.name else replace(picture, name=name)
        else:
            yield Origin(picture.source, picture.licence, picture.attribution).picture(name, picture.data, picture.labels)


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
        field = kind.get_field_index("bytes")  # below 0 where there is none, or two
        kind = kind.field(field).type if field >= 0 else None
    return kind is not None and bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(_plain(kind)) or pa.types.is_large_string(_plain(kind)))


def _is_label(kind: pa.DataType) -> bool:
    tests = (_is_text, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating)
    return any(test(_plain(kind)) for test in tests)


def _plain(kind: pa.DataType) -> pa.DataType:
    """What a column holds, whether or not each value is kept only once (a dictionary; pandas: Categorical)."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _large(schemas: dict[Path, pa.Schema]) -> set[str]:
    """Columns of whole numbers some of which are too large for a float: such numbers name things, and are kept as text."""
    large: set[str] = set()
    for path, schema in schemas.items():
        whole = {name for name in _columns(path, schema)[2] if pa.types.is_integer(_plain(schema.field(name).type))}
        with opened(path) as file:
            large |= {name for name in whole if any(abs(end) > EXACT for end in ends(path, file, name))}
    return large


def _labels(path: Path, name: str, rows: Rows, large: bool) -> list[Label]:
    """Text as it is, numbers as floats, truth values as "true" and "false", and None where there is none, or no finite one."""
    values = rows.others[name]
    try:
        return [value if isinstance(value, str) else _label(value, large) for value in values]
    except OverflowError:
        row = next(row for row, value in enumerate(values) if value is not None and abs(value) > EXACT)
        raise AtelierError(
            f"{path}: expected whole numbers up to 2^53 in column {name}, whose range the file does not tell, found "
            f"{values[row]} in row {rows.first + row} (the first is 0). Write the column as text."
        ) from None


def _label(value: Any, large: bool) -> Label:
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if large:
        return str(value)
    if isinstance(value, int) and abs(value) > EXACT:
        raise OverflowError
    return float(value) if math.isfinite(value) else None
