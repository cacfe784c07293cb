"""Every number of a run, one JSON object a line, in the order in which it was found."""

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from ganlib.files import write_text

#: Keys that begin so tell of the clock: they differ from run to run and are left out of what is published.
CLOCK = "time/"


class History:
    """An append-only file; what was appended is on its way to the disk when `append` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, images: int, values: Mapping[str, float | str]) -> None:
        """Add a line. Numbers that are not finite are written as text ("nan"), since JSON has no word for them."""
        line: dict[str, Any] = {"kimg": images / 1000, "images": images}
        line |= {name: value if isinstance(value, str) or math.isfinite(value) else str(value) for name, value in values.items()}
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def rewind(self, images: int) -> None:
        """Forget what came after `images` pictures, and a last line that was cut off in the middle."""
        if self.path.exists():
            kept = [line for line in read(self.path) if line["images"] <= images]
            write_text(self.path, "".join(json.dumps(line) + "\n" for line in kept))


def read(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a history file."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines


def seconds(lines: list[dict[str, Any]]) -> float:
    """How long the training took that the lines, times included, tell of; what was lost when it was broken off does not count."""
    shown: list[int] = [0, *(line["images"] for line in lines)]
    rates = [float(line[f"{CLOCK}images_per_second"]) for line in lines]
    return sum((after - before) / rate for rate, (before, after) in zip(rates, pairwise(shown), strict=True))


def without_clock(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines as they are on every run of the same bits: times left out."""
    return [{name: value for name, value in line.items() if not name.startswith(CLOCK)} for line in lines]
