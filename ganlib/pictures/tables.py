"""Small tables as Parquet whose bytes depend on nothing but their content."""

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from ganlib.pictures.raw import Label


def parquet_bytes(table: pa.Table) -> bytes:
    """`table` as a Parquet file, written by fixed options."""
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd", compression_level=3, version="2.6", data_page_version="1.0")
    return stream.getvalue()


def label_array(values: Sequence[Label]) -> pa.Array:
    """A column of labels: text if any of them is text, else doubles; null where a picture has none."""
    if any(isinstance(value, str) for value in values):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array(values, pa.float64())
