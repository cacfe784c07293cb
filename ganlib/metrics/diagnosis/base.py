"""What a check finds, and what it is given to look at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Lines = Sequence[Mapping[str, Any]]
Series = NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """name: of what was found. sentence: what is so. remedy: what to change in params.yaml, knobs by their full names. evidence:
    numbers that it rests on. harmful: whether something is wrong; how far a run has come is a finding, too."""

    name: str
    sentence: str
    remedy: str
    evidence: Mapping[str, float] = field(default_factory=dict)
    harmful: bool = True


@dataclass(frozen=True)
class Evidence:
    """A run as it left itself: lines of history.jsonl and of watch.jsonl, and if it has been scored what evaluate.json holds.

    classes: what the evaluation counted for each value of a label (`class`, `real`, and what the classifier takes generated and
    held-out pictures for: `taken`, `real_taken`), where there are labels.
    """

    history: Lines = ()
    looks: Lines = ()
    scores: Mapping[str, Any] | None = None
    classes: Lines = ()

    @property
    def game(self) -> bool:
        """Whether two networks play against each other."""
        return any("gradient_g" in line for line in self.history)

    @property
    def done(self) -> float:
        """The share of the run that lies behind at the last look; 0 where nobody has looked."""
        return float(self.looks[-1].get("done", 0.0)) if self.looks else 0.0

    def logged(self, name: str) -> Series:
        """A number's values in the history; empty where it has none. Those that were not finite are infinite."""
        return _numbers(self.history, name)

    def seen(self, name: str) -> Series:
        """A number's values at the looks, the one before the first step left out."""
        return _numbers([look for look in self.looks if look["images"]], name)

    def late(self, name: str) -> Series:
        """A number's values in the second half of the looks: single ones are a matter of chance."""
        values = self.seen(name)
        return values[len(values) // 2 :]

    def last(self, name: str) -> float:
        """A number's value at the last look; NaN where it has none."""
        values = self.seen(name)
        return float(values[-1]) if len(values) else float("nan")

    @property
    def covered(self) -> float:
        """What is covered in coarse pixels of what real pictures cover, of late; NaN where nobody has looked."""
        covered = self.late("coarse_coverage")
        return float(covered.mean() / max(self.last("coarse_coverage_floor"), 1e-12)) if len(covered) else float("nan")

    def score(self, name: str) -> Mapping[str, Any] | None:
        """A score by its name: value, standard_error, floor."""
        return (self.scores or {}).get(name)


#: Looks at the evidence for one thing; None where it is not so, or cannot be told.
Check = Callable[[Evidence], Finding | None]


def _numbers(lines: Lines, name: str) -> Series:
    found = [line[name] for line in lines if name in line]
    return np.array([float(value) if not isinstance(value, str) else np.inf for value in found])
