"""Labels from a CSV file: one row a picture, found by its column `name` or `path`."""

import csv
import io
import math
import sys
from collections.abc import Container, Iterable, Sequence
from pathlib import Path, PurePosixPath

from ganlib.errors import AtelierError, listed, printable
from ganlib.pictures.formats import ENDINGS
from ganlib.pictures.raw import Label

KEYS = ("name", "path")
EXACT = 2**53  # of the whole numbers up to here a float holds every one

Labels = dict[str, dict[str, Label]]


def read_labels(path: Path, as_is: bool = False, names: Container[str] = (), keys: Sequence[str] = KEYS) -> Labels:
    """The labels in a CSV file, by picture name; a column whose every value is a number becomes numbers.

    as_is: names are meant as they are written; else a backslash stands between folders, too, but in one of `names`. keys:
    the columns that may name pictures, the first one that is there does. Raises `AtelierError` where the file is missing, is not
    UTF-8, has none of these columns or one twice, names a picture twice, or has a row of another length than its header.
    """
    header, numbered = _read(path)
    key, rows = _key(path, header, keys), [row for _, row in numbered]
    for place, name in enumerate(header):
        if name not in (key, ""):
            _tell_mixed(path, name, [(line, row[place]) for line, row in numbered if row[place].strip()])
    columns = {name: _typed([row[place] for row in rows]) for place, name in enumerate(header) if name not in (key, "")}
    labels: Labels = {}
    for number, row in enumerate(rows):
        name = row[header.index(key)]
        name = name if as_is or name in names else name.replace("\\", "/").removeprefix("./")
        if name in labels:
            raise AtelierError(f"{path}: expected one row a picture, found two for {printable(name)}. Remove one.")
        labels[name] = {label: values[number] for label, values in columns.items()}
    return labels


def line_of(path: Path, name: str, keys: Sequence[str] = KEYS) -> int:
    """The line of the file on which the row of a picture ends, for whoever is to correct it."""
    header, numbered = _read(path)
    place = header.index(_key(path, header, keys))
    return next(line for line, row in numbered if row[place] == name)


def _key(path: Path, header: list[str], keys: Sequence[str]) -> str:
    """The column that names pictures."""
    key = next((name for name in keys if name in header), None)
    if key is None:
        raise AtelierError(f"{path}:1: expected a column name or path, found {listed(header) or 'no header'}. Add one.")
    return key


def check_matched(path: Path, labels: Labels, names: Iterable[str]) -> None:
    """Raise `AtelierError`, listing them, where rows of the table match no picture; say which pictures match no row."""
    names = sorted(names)
    lost = sorted(set(labels) - set(names))
    if lost:
        raise AtelierError(
            f"{path}: expected every row to name a picture of the source (its path in the source, with its ending), found "
            f"{len(lost)} of {len(labels)} that match none: {listed(lost)}. Correct or remove these rows."
        )
    pictures = [name for name in names if PurePosixPath(name).suffix.lower() in ENDINGS]
    if bare := [name for name in pictures if name not in labels]:
        print(
            f"{path}: {len(bare)} of {len(pictures)} pictures have no row in it, and none of its labels: {listed(bare)}.",
            file=sys.stderr,
        )


def _read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and every row with the line on which it ends."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:  # a line's end in quotes is a part of the cell, as it is
            text = stream.read()
    except (FileNotFoundError, NotADirectoryError):
        raise AtelierError(
            f"{path}: expected a CSV file of labels, found nothing there. Check the spelling of the path."
        ) from None
    except IsADirectoryError:
        raise AtelierError(f"{path}: expected a CSV file, found a folder. Name a file.") from None
    except UnicodeDecodeError as error:
        message = f"{path}: expected UTF-8 text, found a byte that is none at offset {error.start}. Save it as UTF-8."
        raise AtelierError(message) from None
    lines = io.StringIO(text, newline="")
    separator = max(",;\t", key=lines.readline().count)
    lines.seek(0)
    reader = csv.reader(lines, delimiter=separator)
    try:
        header = _header(path, next(reader, []))
        rows = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise AtelierError(
            f"{path}:{reader.line_num}: expected a line of a CSV file, found none ({error}). Correct it."
        ) from None
    return header, [(line, _checked(path, line, row, header)) for line, row in rows]


def _header(path: Path, cells: list[str]) -> list[str]:
    header = [name.strip() for name in cells]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise AtelierError(f"{path}:1: expected every column once, found {listed(twice)} twice. Rename or remove one.")
    return header


def _checked(path: Path, line: int, row: list[str], header: list[str]) -> list[str]:
    if len(row) != len(header):
        raise AtelierError(f"{path}:{line}: expected {len(header)} cells, as in the header, found {len(row)}. Correct the row.")
    return row


def _tell_mixed(path: Path, column: str, cells: Sequence[tuple[int, str]]) -> None:
    """Say so where a few cells of many make words of a column of numbers. cells: those that are not empty, each with its line."""
    words = [(line, cell) for line, cell in cells if _number(cell) is None]
    if words and len(words) < len(cells) / 2:
        line, cell = words[0]
        print(
            f"{path}:{line}: column {column} has {len(cells) - len(words)} numbers, and {printable(cell)} here, so that "
            "all of it counts as words. Leave a cell empty where there is no number.",
            file=sys.stderr,
        )


def _typed(cells: list[str]) -> list[Label]:
    """Numbers if every cell that is not empty is one, else the cells as they are; None for the empty ones."""
    numbers = [_number(cell) for cell in cells if cell.strip()]
    if all(number is not None for number in numbers):
        return [_number(cell) for cell in cells]
    return [cell.strip() or None for cell in cells]


def _number(cell: str) -> float | None:
    """The number that a cell is, if a float holds it: a larger whole one names something, and is to keep its digits."""
    try:
        number = float(cell)
    except ValueError:
        return None
    whole = cell.strip().lstrip("+-").isdecimal()
    if "_" in cell or not math.isfinite(number) or (whole and abs(number) >= EXACT):
        return None  # an underscore in a number is Python's habit, nobody else's
    return number
