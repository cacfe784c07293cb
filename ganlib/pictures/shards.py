"""Raw pictures in Parquet shards: encoded bytes, labels and provenance, checked when they are read."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import repeat
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ganlib.errors import AtelierError, printable
from ganlib.files import write_json
from ganlib.pictures.codes import REASONS
from ganlib.pictures.raw import RawPicture, RawSummary
from ganlib.pictures.shard_writer import COLUMNS, LABEL, ShardWriter

if TYPE_CHECKING:
    from ganlib.pictures.sources.rows import Rows

SUMMARY = "raw.json"
AGAIN = "Run the step collect again."


def write_shards(pictures: Iterable[RawPicture], folder: Path, source: str = "") -> RawSummary:
    """Write `pictures` as `part-00000.parquet`, … and `raw.json` into `folder`, keeping their order.

    A shard holds at most 4,096 pictures and has a column for every label of any of them. Raises `AtelierError` where a
    name occurs twice, a label is a name here and a number there, or no picture is left that was not refused.
    """
    writer = ShardWriter(folder)
    for picture in pictures:
        writer.add(picture)
    summary = writer.close(source)
    write_json(folder / SUMMARY, asdict(summary))
    return summary


def read_summary(folder: Path) -> RawSummary:
    """`raw.json` of a folder of shards. Raises `AtelierError` where it is missing or is not what `write_shards` wrote."""
    path = folder / SUMMARY
    try:
        return RawSummary(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise AtelierError(f"{path}: expected the summary of the raw pictures, found none. Run the step collect first.") from None
    except (ValueError, TypeError):
        raise AtelierError(f"{path}: expected the summary that collect writes, found other content. {AGAIN}") from None


def read_shards(folder: Path) -> Iterator[RawPicture]:
    """Yield the raw pictures of `folder` in the order in which they were written, holding a few of them at a time.

    Raises `AtelierError`, naming the file and the column, where one is missing or of another type; naming the file and the
    row, where that is none that `write_shards` writes, or its name was there before; and naming the file where it is damaged,
    or the number of pictures is not the one in `raw.json`.
    """
    expected, names = read_summary(folder).pictures, set[str]()
    for path in shards(folder):
        for row, picture in enumerate(read_shard(path)):
            if picture.name in names:
                raise _odd(path, row, "every picture to have a name of its own", f"{printable(picture.name)} a second time")
            names.add(picture.name)
            yield picture
    if len(names) != expected:
        raise AtelierError(f"{folder}: expected {expected} raw pictures, as {SUMMARY} says, found {len(names)}. {AGAIN}")


def shards(folder: Path) -> list[Path]:
    """The shards of `folder`, in order. Raises `AtelierError` where there are none, or the row of them has a gap."""
    found = sorted(folder.glob("part-*.parquet"))
    for number, path in enumerate(found):
        if path.name != f"part-{number:05d}.parquet":
            raise AtelierError(f"{folder}: expected part-{number:05d}.parquet, found {path.name} in its place. {AGAIN}")
    if not found:
        raise AtelierError(f"{folder}: expected shards of raw pictures (part-00000.parquet, …), found none. {AGAIN}")
    return found


def read_shard(path: Path) -> Iterator[RawPicture]:
    """Yield the raw pictures of one shard. Raises `AtelierError` as `read_shards` does."""
    from ganlib.pictures.sources.rows import opened, read  # late: one of the sources reads shards

    with opened(path) as file:
        labels = _labels(path, file.schema_arrow)
        others = [*(name for name in COLUMNS if name != "data"), *(LABEL + label for label in labels)]
        for rows in read(path, file, "data", others):
            _check(path, rows)
            yield from _pictures(path, rows, labels)


def _pictures(path: Path, rows: "Rows", labels: list[str]) -> Iterator[RawPicture]:
    columns = [rows.others[name] for name in COLUMNS if name != "data"]
    known = zip(*(rows.others[LABEL + label] for label in labels), strict=True) if labels else repeat(())
    each = zip(rows.pictures, known, *columns, strict=False)
    for row, ((data, unread), values, name, problem, source, licence, attribution) in enumerate(each, rows.first):
        if data is None:
            raise _odd(path, row, "a value in column data", "none")
        of_it = dict(zip(labels, values, strict=True))
        if None in values:
            of_it = {label: value for label, value in of_it.items() if value is not None}
        yield RawPicture(name, data, of_it, source, licence, attribution, problem or unread)


def _check(path: Path, rows: "Rows") -> None:
    """Raise `AtelierError` where a row is none that is ever written."""
    for column, values in rows.others.items():
        if column in COLUMNS and column != "problem" and None in values:
            raise _odd(path, rows.first + values.index(None), f"a value in column {column}", "none")
        if (wrong := _endless(values)) is not None:
            raise _odd(path, rows.first + values.index(wrong), f"a number or none in column {column}", str(wrong))
    problems = rows.others["problem"]
    if unknown := set(problems) - {None, "", *REASONS}:
        wrong = next(filter(unknown.__contains__, problems))
        raise _odd(path, rows.first + problems.index(wrong), "no problem, or the short name of one", repr(wrong))


def _endless(values: list[Any]) -> float | None:
    """The first that is infinite or not a number, if it is a column of numbers: of text no value is looked at but the first."""
    given = (value for value in values if value is not None)
    first = next(given, None)
    if not isinstance(first, float):
        return None
    return next((value for value in (first, *given) if not isfinite(value)), None)


def _odd(path: Path, row: int, expected: str, found: str) -> AtelierError:
    return AtelierError(f"{path}: expected {expected}, row {row} (the first is 0), found {found}. {AGAIN}")


def _labels(path: Path, schema: pa.Schema) -> list[str]:
    """The names of a shard's labels, when its columns are all there and of the right types."""
    for column, kind in COLUMNS.items():
        if column not in schema.names:
            raise AtelierError(f"{path}: expected a column {column} ({kind}), found none. {AGAIN}")
        if schema.field(column).type != kind:
            raise AtelierError(f"{path}: expected column {column} to be {kind}, found {schema.field(column).type}. {AGAIN}")
    labels = [name for name in schema.names if name.startswith(LABEL)]
    for name in labels:
        if (kind := schema.field(name).type) not in (pa.string(), pa.float64()):
            raise AtelierError(f"{path}: expected column {name} to be string or double, found {kind}. {AGAIN}")
    return [name.removeprefix(LABEL) for name in labels]
