"""What became of every raw picture, and why: `verdicts.parquet`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ganlib.files import write_bytes
from ganlib.pictures.tables import parquet_bytes

NAME = "verdicts.parquet"
SCHEMA = pa.schema(
    [
        pa.field("path", pa.string()),
        pa.field("kept", pa.bool_()),
        pa.field("reason", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("threshold", pa.float64()),
        pa.field("twin_of", pa.string()),
        pa.field("notes", pa.string()),
    ]
)


@dataclass
class Verdict:
    """One row. path: the picture's name in its source. reason: a code, "" for a kept picture. score, threshold: how bad, and how
    bad it would have to be, in the measure of the check that gave the reason. twin_of: the name of the picture that stays in its
    place, if it is a duplicate. notes: codes of what is unusual about the file though it was read, with a space between."""

    path: str
    kept: bool = True
    reason: str = ""
    score: float | None = None
    threshold: float | None = None
    twin_of: str | None = None
    notes: str = ""

    def set_aside(
        self, reason: str, score: float | None = None, threshold: float | None = None, twin_of: str | None = None
    ) -> None:
        """Make it a refusal."""
        self.kept, self.reason, self.score, self.threshold, self.twin_of = False, reason, score, threshold, twin_of


def count_reasons(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many pictures were set aside for each reason, the most frequent first."""
    counts = Counter(verdict.reason for verdict in verdicts if not verdict.kept)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def write_verdicts(verdicts: Sequence[Verdict], folder: Path) -> None:
    """Write one row a raw picture, in the order in which they were found."""
    table = pa.table({name: [getattr(verdict, name) for verdict in verdicts] for name in SCHEMA.names}, schema=SCHEMA)
    write_bytes(folder / NAME, parquet_bytes(table))
