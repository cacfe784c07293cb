"""What was measured, as a table for a person, as `metrics/bench.json`, and as a run of MLflow."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from bench.ceiling import Ceiling
from ganlib.files import write_json
from tasks.record import Record, publish

PATH = Path("metrics/bench.json")


@dataclass(frozen=True)
class Row:
    """One claim, measured: how many times faster than the peer, and which share of the ceiling was reached, if there is one."""

    name: str
    mode: str
    peer: str
    ratio: float
    least: float
    most: float
    at_least: float
    seconds: float
    ceiling_fraction: float | None
    same: str

    @property
    def holds(self) -> bool:
        return self.ratio >= self.at_least


def processor() -> str:
    """Its name, as Linux has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def table(rows: Sequence[Row]) -> str:
    """A line a claim, with the last run's ratio beside it where one was kept."""
    before = {(row["name"], row["mode"]): row["ratio"] for row in _kept()}
    lines = [f"{'':<20}{'mode':<9}{'ours (s)':>10}{'ratio':>8}{'of pairs':>16}{'claimed':>9}{'before':>8}{'ceiling':>9}  against"]
    for row in rows:
        last = before.get((row.name, row.mode))
        lines.append(
            f"{row.name:<20}{row.mode:<9}{row.seconds:>10.3f}{row.ratio:>8.2f}{f'{row.least:.2f} to {row.most:.2f}':>16}"
            f"{row.at_least:>9g}{'' if last is None else f'{last:.2f}':>8}"
            f"{'' if row.ceiling_fraction is None else f'{row.ceiling_fraction:.0%}':>9}  {row.peer}"
            f"{'' if row.holds else '  MISSED'}"
        )
    return "\n".join(lines)


def keep(rows: Sequence[Row], ceilings: dict[str, Ceiling]) -> None:
    """Write the rows, replacing those of the same claims and keeping the others', and tell MLflow."""
    fresh = {(row.name, row.mode): _plain(row) for row in rows}
    others = [row for row in _kept() if (row["name"], row["mode"]) not in fresh]
    write_json(PATH, sorted([*others, *fresh.values()], key=lambda row: (row["name"], row["mode"])))
    peaks = {f"ceiling.{mode}.{name}": value for mode, ceiling in ceilings.items() for name, value in asdict(ceiling).items()}
    ratios = {f"{row.name}.{row.mode}": row.ratio for row in rows}
    publish(Record("bench", {"processor": processor(), "torch": torch.__version__}, {**ratios, **peaks}, [PATH], writes=[PATH]))


def _plain(row: Row) -> dict[str, object]:
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(row).items()}
    return {**rounded, "machine": processor()}


def _kept() -> list[dict[str, object]]:
    return json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else []
