"""What a person decided about single pictures: it wins over every check, this night and the next.

A CSV file with the columns `path`, `verdict` (keep or drop) and, for whoever reads it later, `why`.
"""

from pathlib import Path

from ganlib.errors import AtelierError
from ganlib.pictures.sources.table import line_of, read_labels

KEEP, DROP = "keep", "drop"
KEYS = ("path", "name")  # another order than for labels: `path` is what `verdicts.parquet` calls it
DROPPED, KEPT = "dropped-by-hand", "kept-by-hand"


def read_overrides(path: Path) -> dict[str, str]:
    """The verdicts, "keep" or "drop", by a picture's path as `verdicts.parquet` has it.

    Raises `AtelierError` where the file is missing or no such table, names a picture twice, or has another verdict.
    """
    rows = read_labels(path, as_is=True, keys=KEYS)
    for name, row in rows.items():
        if row.get("verdict") not in (KEEP, DROP):
            found = row.get("verdict") or "nothing"
            place = f"{path}:{line_of(path, name, KEYS)}"
            raise AtelierError(f"{place}: expected keep or drop in the column verdict for {name}, found {found}. Correct it.")
    return {name: str(row["verdict"]) for name, row in rows.items()}
