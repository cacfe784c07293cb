"""Where a score stands between nothing and what real pictures have."""

from dataclasses import dataclass
from typing import Any

from ganlib.sampling.words import Row, rows, scores_in

#: The scores that a person looks at first, where they are there, besides the first one of all.
_FIRST = ("precision", "recall", "coverage", "copied")


@dataclass(frozen=True)
class Standing:
    """A score as text, and beside real pictures: "12.3 ×" their distance, or "41 %" of their share. filled, mark: for a bar, the
    shares in percent that generated and real pictures have; None for what is no share."""

    row: Row
    beside: str
    filled: float | None
    mark: float | None


def standings(numbers: dict[str, Any]) -> list[Standing]:
    """Every score of `evaluate.json`."""
    scores = scores_in(numbers)
    return [_standing(row, scores[row.name]["value"], scores[row.name].get("floor")) for row in rows(numbers)]


def first_looked_at(found: list[Standing]) -> list[Standing]:
    """The first score, and a few of those that everybody understands."""
    named = {standing.row.name: standing for standing in found}
    return [*found[:1], *(named[name] for name in _FIRST if name in named and named[name] is not found[0])]


def _standing(row: Row, value: float, floor: float | None) -> Standing:
    if row.better == "lower":
        return Standing(row, f"{value / floor:.3g} ×" if floor and floor > 0 and value >= floor else "", None, None)
    if not floor or floor <= 0:
        return Standing(row, "", None, None)
    whole = max(1.0, value, floor)
    return Standing(row, f"{value / floor:.1%}", round(100 * value / whole, 2), round(100 * floor / whole, 2))
