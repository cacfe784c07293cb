"""Raw pictures in Parquet shards: encoded bytes, labels and provenance, checked when they are read."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ganlib.errors import AtelierError
from ganlib.files import write_json
from ganlib.pictures.raw import RawPicture, RawSummary
from ganlib.pictures.shard_writer import COLUMNS, LABEL, ShardWriter

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

    Raises `AtelierError`, naming the file and the column, where one is missing or of another type, and naming the file
    where it is damaged, or the number of pictures is not the one in `raw.json`.
    """
    expected, count = read_summary(folder).pictures, 0
    for path in shards(folder):
        for picture in read_shard(path):
            count += 1
            yield picture
    if count != expected:
        raise AtelierError(f"{folder}: expected {expected} raw pictures, as {SUMMARY} says, found {count}. {AGAIN}")


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
    try:
        with pq.ParquetFile(path) as file:
            labels = _labels(path, file.schema_arrow)
            for batch in file.iter_batches(batch_size=64):
                yield from (_picture(row, labels) for row in batch.to_pylist())
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        problem = str(error).splitlines()[0]
        raise AtelierError(f"{path}: expected a Parquet file, found it damaged ({problem}). {AGAIN}") from None


def _picture(row: dict[str, object], labels: list[str]) -> RawPicture:
    known = {label: row[LABEL + label] for label in labels if row[LABEL + label] is not None}
    return RawPicture(labels=known, **{column: row[column] for column in COLUMNS})  # type: ignore[arg-type]


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
