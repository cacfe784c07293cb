"""Raw pictures, one after the other, into Parquet shards whose bytes depend on nothing but the pictures."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ganlib.errors import AtelierError
from ganlib.files import write_bytes
from ganlib.pictures.raw import Label, RawPicture, RawSummary

ROWS = 4096  # a shard ends at whichever comes first,
BYTES = 256 * 2**20  # so that a folder of photographs needs no more memory than one of icons
GROUP = 256
LABEL = "label."
COLUMNS: dict[str, pa.DataType] = {
    "name": pa.string(),
    "data": pa.binary(),
    "problem": pa.string(),
    "source": pa.string(),
    "licence": pa.string(),
    "attribution": pa.string(),
}


class ShardWriter:
    """Takes pictures one by one; `close` completes the shards in `folder` and tells what they hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shards: list[Path] = []
        self.rows: list[RawPicture] = []
        self.bytes = 0
        self.names: set[str] = set()
        self.labels: dict[str, pa.DataType] = {}
        self.problems: dict[str, int] = {}
        self.licences: set[str] = set()
        self.attributions: set[str] = set()

    def add(self, picture: RawPicture) -> None:
        """Take one picture. Raises `AtelierError` where its name was used before or a label changes its type."""
        if picture.name in self.names:
            raise AtelierError(
                f"{picture.name}: expected every picture to have a name of its own, found this one twice. Nothing was written; "
                "rename one of the two."
            )
        self._note(picture)
        if self.rows and (len(self.rows) >= ROWS or self.bytes + len(picture.data) > BYTES):
            self._flush()
        self.rows.append(picture)
        self.bytes += len(picture.data)

    def close(self, source: str) -> RawSummary:
        """Write what is left. Raises `AtelierError` where every picture was refused, or there was none."""
        refused = sum(self.problems.values())
        if refused == len(self.names):
            counts = ", ".join(f"{reason}: {count}" for reason, count in sorted(self.problems.items()))
            raise AtelierError(
                "Expected at least one picture (PNG, JPEG, WebP, GIF, BMP or TIFF), found none"
                f"{f' among {refused} files ({counts})' if refused else ''}. Nothing was written; name a source that has some."
            )
        self._flush()
        self._complete()
        problems = dict(sorted(self.problems.items()))
        return RawSummary(source, len(self.names), problems, _known(self.licences), _known(self.attributions))

    def _note(self, picture: RawPicture) -> None:
        self.names.add(picture.name)
        self.licences.add(picture.licence)
        self.attributions.add(picture.attribution)
        if picture.problem:
            self.problems[picture.problem] = self.problems.get(picture.problem, 0) + 1
        for label, value in picture.labels.items():
            if value is not None:
                self._note_label(label, value, picture.name)

    def _note_label(self, label: str, value: Label, name: str) -> None:
        kind = pa.string() if isinstance(value, str) else pa.float64()
        if self.labels.setdefault(label, kind) != kind:
            before = "names" if isinstance(value, float | int) else "numbers"
            raise AtelierError(
                f"{name}: expected the label {label} to be one of {before}, as in the pictures before, found {value!r}. Nothing "
                "was written; make the column all names or all numbers."
            )

    def _flush(self) -> None:
        columns: dict[str, Any] = {}
        for column, kind in COLUMNS.items():
            columns[column] = pa.array([getattr(row, column) for row in self.rows], kind)
        for label, kind in sorted(self.labels.items()):
            columns[LABEL + label] = pa.array([row.labels.get(label) for row in self.rows], kind)
        self.shards.append(self.folder / f"part-{len(self.shards):05d}.parquet")
        _write(pa.table(columns), self.shards[-1])
        self.rows, self.bytes = [], 0

    def _complete(self) -> None:
        """Give the shards that were written before a label was first seen a column of nulls for it."""
        every = [*COLUMNS, *(LABEL + label for label in sorted(self.labels))]
        for path in self.shards:
            if pq.read_schema(path).names == every:
                continue
            table = pq.read_table(path)
            for name in set(every) - set(table.column_names):
                table = table.append_column(name, pa.nulls(len(table), self.labels[name.removeprefix(LABEL)]))
            _write(table.select(every), path)


def _known(values: set[str]) -> list[str]:
    return sorted(values - {""})


def _write(table: pa.Table, path: Path) -> None:
    stream = io.BytesIO()  # one write to disk, so that a full one is an OSError that says so
    pq.write_table(
        table,
        stream,
        row_group_size=GROUP,
        compression="zstd",
        compression_level=3,
        use_dictionary=[name for name in table.column_names if name not in ("name", "data")],
        write_statistics=[name for name in table.column_names if name != "data"],
        version="2.6",
        data_page_version="1.0",
    )
    write_bytes(path, stream.getvalue())
