"""What a Parquet file holds, page by page, from the same bytes that its reader goes by.

The footer has unpacked sizes, too, but nothing holds them to the truth, and a page of a few hundred bytes may unpack to 2 GiB.
Arrow's own view of the footer ends the whole process where some of it is damaged (pyarrow 25: `RowGroupMetaData.column`). Footer
and headers are structures in Thrift's compact protocol; https://github.com/apache/parquet-format, parquet.thrift.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple

_PIECES = (2**9, 2**14, 2**24)  # bytes in which the end of a header is looked for; Arrow, too, gives up at the last
_DEEPEST = 16
_NUMBERS, _BINARY, _LISTS, _MAP, _STRUCTURE = (4, 5, 6), 8, (9, 10), 11, 12
_LONG = {1: 0, 2: 0, 3: 1, 7: 8}  # bytes of other kinds; a truth value is in the kind itself, except in a list
_VALUES = {0: 5, 3: 8}  # by the kind of a page that holds rows, the field that tells how many

Fields = dict[int, Any]


class Chunk(NamedTuple):
    """A column's part of a group of rows: where its pages are, and the least and the greatest value if the file tells them."""

    start: int
    length: int
    values: int
    ends: tuple[bytes, bytes] | None


def chunks(stream: BinaryIO, columns: Sequence[int]) -> list[list[Chunk]]:
    """Those of some columns, by their numbers, in each group of rows. Raises `ValueError` where the footer makes no sense."""
    stream.seek(-8, 2)
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(-8 - length, 2)
    try:
        footer, _ = _structure(stream.read(length), 0)
        return [[_chunk(group[1][column][3]) for column in columns] for group in footer[4]]
    except (LookupError, TypeError, AttributeError):
        raise ValueError("its footer makes no sense") from None


def page_sizes(stream: BinaryIO, chunk: Chunk) -> list[int]:
    """The unpacked size in bytes of each page. Raises `ValueError` where there is no header of a page."""
    sizes, at, values = [], chunk.start, chunk.values
    while values > 0 and at < chunk.start + chunk.length:
        header, long = _header(stream, at)
        sizes.append(_size(header, 2))
        at += long + _size(header, 3)
        if (field := _VALUES.get(header.get(1, -1))) is not None:
            values -= _size(header.get(field), 1)
    return sizes


def _chunk(fields: Fields) -> Chunk:
    start = fields[9]
    if 0 < (dictionary := fields.get(11, 0)) < start:
        start = dictionary
    known = fields.get(12, {})
    least, greatest = known.get(6), known.get(5)
    told = isinstance(least, bytes) and isinstance(greatest, bytes)
    return Chunk(start, fields[7], fields[5], (least, greatest) if told else None)


def _header(stream: BinaryIO, at: int) -> tuple[Fields, int]:
    """The header at this place, and how many bytes long it is."""
    if not 0 <= at < 2**62:
        raise ValueError("a page that lies outside")
    for piece in _PIECES:
        stream.seek(at)
        try:
            return _structure(stream.read(piece), 0)
        except IndexError:
            continue
    raise ValueError("the header of a page has no end")


def _size(header: Any, field: int) -> int:
    size = header.get(field) if isinstance(header, dict) else None
    if not isinstance(size, int) or not 0 <= size < 2**31:
        raise ValueError("a page without a size")
    return size


def _structure(data: bytes, at: int, depth: int = 0) -> tuple[Fields, int]:
    """The fields of a structure by number, and where it ends. Raises `IndexError` where the bytes end before it does."""
    fields: Fields = {}
    number = 0
    while head := data[at]:
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            number, at = _signed(data, at)
        if number in fields:
            raise ValueError("a field twice")  # which of the two counts would be up to the reader
        if head & 15 in _NUMBERS and (small := data[at]) < 128:  # most fields are such: no call for them
            fields[number], at = (small >> 1) ^ -(small & 1), at + 1
        else:
            fields[number], at = _value(data, at, head & 15, depth)
    return fields, at + 1


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in _NUMBERS:
        return _signed(data, at)
    if kind == _BINARY:
        length, at = _unsigned(data, at)
        return data[at : at + length], _within(data, at + length)
    if depth > _DEEPEST:
        raise ValueError("structures in structures without an end")
    if kind == _STRUCTURE:
        return _structure(data, at, depth + 1)
    if kind in _LISTS:
        return _list(data, at, depth)
    if kind == _MAP:
        return _map(data, at, depth)
    if kind not in _LONG:
        raise ValueError("a field of no known kind")
    return None, _within(data, at + _LONG[kind])


def _list(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    head, at = data[at], at + 1
    number = head >> 4
    if number == 15:
        number, at = _unsigned(data, at)
    values = []
    for _ in range(number):
        value, at = _element(data, at, head & 15, depth)
        values.append(value)
    return values, at


def _map(data: bytes, at: int, depth: int) -> tuple[None, int]:
    number, at = _unsigned(data, at)
    kinds, at = (data[at], at + 1) if number else (0, at)
    for _ in range(number):
        _, at = _element(data, at, kinds >> 4, depth)
        _, at = _element(data, at, kinds & 15, depth)
    return None, at


def _element(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    return (None, _within(data, at + 1)) if kind in (1, 2) else _value(data, at, kind, depth + 1)


def _within(data: bytes, at: int) -> int:
    if at > len(data):
        raise IndexError
    return at


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while (byte := data[at]) > 127:
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if shift > 63:
            raise ValueError("a number without an end")
    return value | byte << shift, at + 1


def _signed(data: bytes, at: int) -> tuple[int, int]:
    """Zigzag: 0, -1, 1, -2, …"""
    value, at = _unsigned(data, at)
    return (value >> 1) ^ -(value & 1), at
