"""A claim, measured: as a line for a person, and as one for a file."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


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


def as_json(row: Row, machine: str) -> dict[str, object]:
    """For a file, with the machine that it was measured on."""
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(row).items()}
    return {**rounded, "machine": machine}


def processor() -> str:
    """Its name, as Linux has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def table(rows: Sequence[Row], before: Mapping[tuple[str, str], float]) -> str:
    """A line a claim, with the ratio of `before` by name and mode beside it, where there is one."""
    lines = [f"{'':<20}{'mode':<9}{'ours (s)':>10}{'ratio':>8}{'of pairs':>18}{'claimed':>9}{'before':>8}{'ceiling':>9}  against"]
    for row in rows:
        last = before.get((row.name, row.mode))
        lines.append(
            f"{row.name:<20}{row.mode:<9}{row.seconds:>10.3f}{row.ratio:>8.2f}{f'{row.least:.2f} to {row.most:.2f}':>18}"
            f"{row.at_least:>9g}{'' if last is None else f'{last:.2f}':>8}"
            f"{'' if row.ceiling_fraction is None else f'{row.ceiling_fraction:.0%}':>9}  {row.peer}"
            f"{'' if row.holds else '  MISSED'}"
        )
    return "\n".join(lines)
