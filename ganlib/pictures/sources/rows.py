"""The rows of a Parquet file, a few at a time, so that memory has a bound whatever the file says of itself."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from ganlib.errors import AtelierError, listed
from ganlib.pictures.sources.archive import RATIO, SMALL
from ganlib.pictures.sources.found import LARGEST, as_text
from ganlib.pictures.sources.pages import chunks, page_sizes

ROWS = 256  # read at once, where they are small
HELD = 128 * 2**20  # bytes that they may come to, but for one that alone is larger
LONGEST = 2**16  # characters of one text


Picture = tuple[bytes | None, str | None]  # encoded, None where there is none; and why it was left unread


@dataclass(frozen=True)
class Rows:
    """Some rows, one after the other: the number of the first, from 0, the pictures, and the values of the other columns.

    The pictures are to be gone through once: of large ones there is but one at a time.
    """

    first: int
    pictures: Iterator[Picture]
    others: dict[str, list[Any]]


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """A file to read in the block. Raises `AtelierError` where it is none, is damaged, or has a column twice.

    What the disk refuses is raised as it is, with the path.
    """
    if path.exists() and not path.is_file():
        raise AtelierError(f"{path}: expected a Parquet file, found a folder, a pipe or a device; not read. Name a file.")
    try:
        with pq.ParquetFile(path) as file:
            _check_shape(path, file)
            yield file
    except UnicodeEncodeError:
        raise AtelierError(
            f"{as_text(path)}: expected a path in UTF-8, as Arrow opens no other; not read. Rename the file, or its folder."
        ) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: in the name of a column
        if isinstance(error, OSError) and error.errno is not None:
            error.filename = error.filename or str(path)  # Arrow does not say where
            raise
        raise _damaged(path, error) from None


def read(path: Path, file: pq.ParquetFile, column: str, others: Sequence[str]) -> Iterator[Rows]:
    """Every row of an opened file, with the pictures of a column (or of its field `bytes`) and the values of the others.

    A picture of more than `LARGEST` bytes is "too-large-file". Raises `AtelierError` where the file unpacks to much more than
    it is long, or a text is none or too long.
    """
    nested = pa.types.is_struct(file.schema_arrow.field(column).type)
    columns = [f"{column}.bytes" if nested else column, *others]
    first, unpacked, packed = 0, 0, path.stat().st_size
    for batch in file.iter_batches(batch_size=_at_once(path, file, columns), columns=columns):
        pictures = _field(batch.column(column)) if nested else batch.column(column)
        texts = {name: _Values(path, name, first, batch.column(name)).read() for name in others}
        unpacked += pictures.nbytes + sum(spent for _, spent in texts.values())
        _check_ratio(path, unpacked, packed)
        yield Rows(first, _pictures(pictures), {name: values for name, (values, _) in texts.items()})
        first += batch.num_rows


def _check_shape(path: Path, file: pq.ParquetFile) -> None:
    size = path.stat().st_size
    if twice := [name for name, times in Counter(file.schema_arrow.names).items() if times > 1]:
        raise AtelierError(f"{path}: expected every column once, found {listed(twice)} twice. Rename or remove one.")
    if (found := file.metadata.num_rows) > size:
        raise AtelierError(
            f"{path}: expected pictures, found {found:,} rows in {size:,} bytes; nothing was kept. Remove the empty rows."
        )


def _at_once(path: Path, file: pq.ParquetFile, columns: list[str]) -> int:
    """How many rows to read at once: no value is longer than its column's longest page, however often it is referred to."""
    longest, unpacked, size = 1, 0, path.stat().st_size
    chosen = [number for number in range(len(file.schema)) if _is_of(file.schema.column(number).path, columns)]
    with _looked_into(path) as stream:
        for group in chunks(stream, chosen):
            pages = [page_sizes(stream, chunk) for chunk in group]
            longest = max(longest, sum(max(sizes, default=0) for sizes in pages))
            of_group = sum(map(sum, pages))
            unpacked += of_group
            _check_ratio(path, of_group, min(size, sum(chunk.length for chunk in group)))
            _check_ratio(path, unpacked, size)
    return min(max(HELD // longest, 1), ROWS)


def ends(path: Path, file: pq.ParquetFile, column: str) -> list[int]:
    """The least and the greatest number in each group of rows of a column of whole numbers, if the file tells them."""
    chosen = [number for number in range(len(file.schema)) if file.schema.column(number).path == column]
    kind = file.schema_arrow.field(column).type
    signed = pa.types.is_signed_integer(kind.value_type if pa.types.is_dictionary(kind) else kind)
    with _looked_into(path) as stream:
        known = [chunk.ends for group in chunks(stream, chosen) for chunk in group if chunk.ends]
    return [int.from_bytes(end, "little", signed=signed) for both in known for end in both]


@contextmanager
def _looked_into(path: Path) -> Iterator[BinaryIO]:
    """The bytes of the file; what makes no sense in them is a damage."""
    try:
        with path.open("rb", buffering=0) as stream:
            yield stream
    except ValueError as error:
        raise _damaged(path, error) from None


def _is_of(path: str, columns: list[str]) -> bool:
    """Whether a reader that is asked for these columns reads this one, too: a dot stands before a field, or in a name."""
    return any(f"{path}.".startswith(f"{name}.") for name in columns)


def _check_ratio(path: Path, unpacked: int, packed: int) -> None:
    if unpacked > SMALL and unpacked > RATIO * packed:
        raise AtelierError(
            f"{path}: expected pictures, found data that unpacks to over {RATIO} times its size; nothing was kept. Name another "
            "file."
        )


def _damaged(path: Path, error: Exception) -> AtelierError:
    reason = (str(error).splitlines() or ["no reason given"])[0]
    return AtelierError(f"{path}: expected a Parquet file, found it damaged, or something else ({reason}). Fetch it again.")


def _field(column: pa.StructArray) -> pa.Array:
    """The field `bytes` of a structure, without a value where there is no structure."""
    return column.flatten()[column.type.get_field_index("bytes")]


def _pictures(column: pa.Array) -> Iterator[Picture]:
    """Every picture, or why it is not read; where they are large, one after the other."""
    if column.nbytes <= LARGEST:
        return zip(column.to_pylist(), repeat(None))
    return map(_picture, column)


def _picture(value: pa.Scalar) -> Picture:
    if value.is_valid and value.as_buffer().size > LARGEST:
        return b"", "too-large-file"
    return value.as_py(), None


@dataclass(frozen=True)
class _Values:
    """Some values of a column that holds no pictures, from a row on."""

    path: Path
    name: str
    first: int
    column: pa.Array

    def read(self) -> tuple[list[Any], int]:
        """The values, and how many bytes they take."""
        try:
            values = self.column.to_pylist()
        except UnicodeDecodeError:
            row = next(row for row, value in enumerate(self.column) if not _is_readable(value))
            raise self._refusal(row, "UTF-8 text", "a byte that is none") from None
        if (size := self.column.nbytes) <= LONGEST and not pa.types.is_dictionary(self.column.type):
            return values, size
        lengths = [len(value) if isinstance(value, str) else 1 for value in values]
        for row, length in enumerate(lengths):
            if length > LONGEST:
                raise self._refusal(row, f"a text of at most {LONGEST:,} characters", f"{length:,}")
        return values, sum(lengths)

    def _refusal(self, row: int, expected: str, found: str) -> AtelierError:
        return AtelierError(
            f"{self.path}: expected {expected} in column {self.name}, row {self.first + row} (the first is 0), found {found}; "
            "nothing was kept. Correct it, or remove the column."
        )


def _is_readable(value: pa.Scalar) -> bool:
    try:
        value.as_py()
    except UnicodeDecodeError:
        return False
    return True
