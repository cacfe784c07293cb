"""What was found out about pictures, kept by their content, so that it is found out once and not every night.

A row for every content, a file for every column: rows of one size, one after the other, and a checksum for each, of the value and
the key that it belongs to. A row that was half written when a run was killed, or that was damaged since, is as good as none.
"""

import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, starmap
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ganlib.files import digest_bytes

Rows = NDArray[np.int64]
KEY = 16  # bytes
_SPARE, _FEW, _BLOCK = 4096, 4096, 1024  # rows


class Column:
    """The values of one kind; `column[rows]` are those of some rows. keys: of all rows, one after the other."""

    def __init__(self, path: Path, kind: DTypeLike, keys: bytearray) -> None:
        self.kind = np.dtype(kind)
        self._keys = keys
        self._values = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._sums = os.open(path.with_suffix(".sums"), os.O_RDWR | os.O_CREAT, 0o644)
        self._path = path
        self._mapped: NDArray[Any] = np.empty(0, self.kind)
        self._known: NDArray[np.uint32] = np.fromfile(path.with_suffix(".sums"), np.uint32)

    def __getitem__(self, rows: Rows | int) -> NDArray[Any]:
        return self.mapped[rows]

    @property
    def mapped(self) -> NDArray[Any]:
        """Those of all rows, as they lie on disk; what is said of a row without a value means nothing."""
        number = os.fstat(self._values).st_size // self.kind.itemsize
        if len(self._mapped) != number:  # anew, for the file has grown
            self._mapped = np.asarray(np.memmap(self._path, self.kind, "r", shape=(number,)))
        return self._mapped

    def lacks(self, rows: Rows) -> NDArray[np.bool_]:
        """Of which rows there is no value, or a damaged one; reads them all."""
        lacking = np.ones(len(rows), bool)
        values = self.mapped
        written = rows < min(len(self._known), len(values))
        written[written] = self._known[rows[written]] != 0
        for place, row in zip(np.flatnonzero(written).tolist(), rows[written].tolist(), strict=True):
            lacking[place] = self._sum(row, values[row]) != self._known[row]
        return lacking

    def put(self, rows: Rows, values: NDArray[Any]) -> None:
        """Keep the values of these rows. Raises `OSError` where the disk is full."""
        if not len(rows):
            return
        values = np.ascontiguousarray(values, self.kind.base).reshape(len(rows), -1)
        sums = np.array([self._sum(row, value) for row, value in zip(rows.tolist(), values, strict=True)], np.uint32)
        size = self.kind.itemsize
        if (end := (int(rows.max()) + 1) * size) > os.fstat(self._values).st_size:
            os.ftruncate(self._values, end)
        for run in _runs(rows):
            _write(self._values, values[run], int(rows[run.start]) * size)
            _write(self._sums, sums[run], int(rows[run.start]) * 4)
        if len(self._known) <= rows.max():
            self._known = np.concatenate([self._known, np.zeros(int(rows.max()) + _SPARE - len(self._known), np.uint32)])
        self._known[rows] = sums

    def close(self) -> None:
        """Let go of the files."""
        self._mapped = np.empty(0, self.kind)
        os.close(self._values)
        os.close(self._sums)

    def _sum(self, row: int, value: Any) -> int:
        """Never 0, which says that there is no value."""
        return zlib.crc32(value, zlib.crc32(self._keys[KEY * row : KEY * (row + 1)])) or 1


class Shelf:
    """Columns of values by key."""

    def __init__(self, folder: Path, columns: Mapping[str, DTypeLike]) -> None:
        """Open what lies in the folder, or begin."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._kinds = folder, dict(columns)
        self._open()

    def _open(self) -> None:
        self._file = (self.folder / "keys").open("a+b")
        self._file.seek(0)
        self._keys = bytearray(self._file.read())
        del self._keys[len(self._keys) // KEY * KEY :]
        self._file.truncate(len(self._keys))
        self._rows = {bytes(self._keys[start : start + KEY]): start // KEY for start in range(0, len(self._keys), KEY)}
        self._used = bytearray(len(self))
        self._columns = {name: Column(self.folder / f"{name}.rows", kind, self._keys) for name, kind in self._kinds.items()}

    def __enter__(self) -> "Shelf":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None and _FEW < len(self) > 2 * (used := sum(self._used)) > 0:
            self._shrink(np.flatnonzero(np.frombuffer(self._used, np.uint8)), used)
        self.close()

    def __getitem__(self, column: str) -> Column:
        return self._columns[column]

    def __len__(self) -> int:
        return len(self._keys) // KEY

    def rows(self, keys: Sequence[bytes]) -> Rows:
        """The row of each key (16 bytes); a new one for one that is not known."""
        before = len(self._keys)
        for key in keys:
            if key not in self._rows:
                self._rows[key] = len(self)
                self._keys += key
                self._used.append(1)
        self._file.write(self._keys[before:])
        self._file.flush()
        found = np.array([self._rows[key] for key in keys], np.int64)
        np.frombuffer(self._used, np.uint8)[found] = 1
        return found

    def order(self, rows: Rows) -> NDArray[np.uint64]:
        """A number for each row that depends on its key alone, and is as good as drawn by lot."""
        return np.array(np.frombuffer(self._keys, ">u8")[2 * rows], np.uint64)

    def stamp(self, number: int) -> str:
        """What the first so many rows are of: the same as long as they mean the same pictures."""
        return digest_bytes(bytes(self._keys[: KEY * number]))

    def fill(self, column: str, rows: Rows, work: Callable[[Rows], Iterator[tuple[Rows, NDArray[Any]]]]) -> Column:
        """The column, with a value in each of the rows: `work` is asked for those that lack one, some at a time."""
        found = self._columns[column]
        for some, values in work(rows[found.lacks(rows)]):
            found.put(some, values)
        return found

    def close(self) -> None:
        """Let go of the files."""
        self._file.close()
        for column in self._columns.values():
            column.close()

    def _shrink(self, used: Rows, number: int) -> None:
        """Keep only what was asked for since it was opened: most is of pictures that are gone."""
        smaller = self.folder.with_name(f"{self.folder.name}.smaller")
        shutil.rmtree(smaller, ignore_errors=True)
        with Shelf(smaller, self._kinds) as kept:
            for start in range(0, number, _BLOCK):
                rows = used[start : start + _BLOCK]
                new = kept.rows([bytes(self._keys[KEY * row : KEY * (row + 1)]) for row in rows.tolist()])
                for name, column in self._columns.items():
                    there = ~column.lacks(rows)
                    kept[name].put(new[there], column[rows[there]])
        self.close()
        for path in smaller.iterdir():
            os.replace(path, self.folder / path.name)
        smaller.rmdir()
        self._open()


def _runs(rows: Rows) -> Iterator[slice]:
    """Slices of `rows` within which each is the one before plus one."""
    edges = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
    yield from starmap(slice, pairwise(edges))


def _write(file: int, values: NDArray[Any], place: int) -> None:
    view = np.ascontiguousarray(values).data.cast("B")
    while view:  # a disk that is nearly full takes a part
        written = os.pwrite(file, view, place)
        view, place = view[written:], place + written
