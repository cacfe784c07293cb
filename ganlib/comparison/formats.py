"""A table of a comparison as CSV, as JSON, and as text for a person."""

import csv
import io
from dataclasses import asdict
from typing import Any

from ganlib.comparison.table import Row, Spread, Table

REAL = "real pictures"


def to_csv(table: Table) -> str:
    """A line a method, and one for real pictures; empty where there is no number."""
    stream = io.StringIO()
    lines = [_flat(table, row) for row in table.rows]
    writer = csv.DictWriter(stream, list(lines[0]), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    writer.writerow({"method": REAL, **{f"{name}_mean": _six(floor) for name, floor in table.floors.items()}})
    return stream.getvalue()


def to_json(table: Table) -> dict[str, Any]:
    """The table as nested numbers: `methods.<name>.<score>.mean`."""
    return {
        "headline": table.headline,
        "kimg": table.kimg,
        "methods": {row.method: _nested(row) for row in table.rows},
        "real": {name: _six(floor) for name, floor in table.floors.items()},
        "fingerprint": asdict(table.fingerprint) if table.fingerprint else None,
    }


def to_text(table: Table) -> str:
    """The table for a person at a terminal."""
    shares = [name for name in table.floors if name != table.headline]
    lines = [["method", table.headline, "best", *shares, "seconds", "parameters"]]
    for row in table.rows:
        decides = row.scores.get(table.headline)
        line = [row.method, _mean(decides, 4), f"{decides.best:.4g}" if decides else ""]
        line += [_mean(row.scores.get(name), 2) for name in shares]
        lines.append([*line, "" if row.seconds is None else f"{row.seconds:,.0f}", f"{row.parameters:,}"])
    if table.floors:
        floors = [f"{table.floors[name]:.2g}" for name in shares]
        lines.append([REAL, f"{table.floors[table.headline]:.4g}", "", *floors, "", ""])
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join([line[0].ljust(wide[0]), *map(str.rjust, line[1:], wide[1:])]).rstrip() for line in lines]
    text += [f"{row.method}, seed {seed}, failed: {why}" for row in table.rows for seed, why in row.failed.items()]
    return "\n".join(text)


def _flat(table: Table, row: Row) -> dict[str, Any]:
    line: dict[str, Any] = {"method": row.method, "trials": len(row.values)}
    for name in table.floors:
        spread = asdict(row.scores[name]) if name in row.scores else {}
        line |= {f"{name}_{part}": _six(spread.get(part)) for part in ("mean", "deviation", "best")}
    return {**line, **_costs(row), "failed": "; ".join(f"seed {seed}: {why}" for seed, why in row.failed.items())}


def _nested(row: Row) -> dict[str, Any]:
    scores = {name: {part: _six(number) for part, number in asdict(spread).items()} for name, spread in row.scores.items()}
    failed = {str(seed): why for seed, why in row.failed.items()}
    return {"trials": [_six(value) for value in row.values], **scores, **_costs(row), "failed": failed}


def _costs(row: Row) -> dict[str, float | int | None]:
    return {
        "seconds": _six(row.seconds),
        "pictures_per_second": _six(row.pictures_per_second),
        "parameters_generator": row.parameters_generator,
        "parameters": row.parameters,
    }


def _mean(spread: Spread | None, digits: int) -> str:
    if spread is None:
        return "failed"
    mean = f"{spread.mean:.{digits}g}"
    return mean if spread.deviation is None else f"{mean} ± {spread.deviation:.2g}"


def _six(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.6g}")
