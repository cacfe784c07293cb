"""`history.jsonl`, read as it grows: one JSON object a line, turned into points of curves."""

import json
import math
import os
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Point:
    """One value of one curve; `step` counts pictures shown, `time` is milliseconds since 1970."""

    key: str
    value: float
    step: int
    time: int


@dataclass
class Tail:
    """The new whole lines of `path` since the last call of `read`.

    A file that was replaced or cut short is read from its start again: the reader of the points must know what it has.
    """

    path: Path
    last: int = 0  # the greatest step seen
    spoilt: int = 0  # lines that could not be read
    not_finite: Counter[str] = field(default_factory=Counter)
    _offset: int = 0
    _inode: int = 0

    def read(self) -> list[Point]:
        """Points in the order of the file; none while there is no file."""
        try:
            with self.path.open("rb") as stream:
                self._find_place(stream.fileno())
                stream.seek(self._offset)
                data = stream.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [point for line in whole.splitlines() for point in self._points(line)]

    def notes(self) -> dict[str, str]:
        """What was left out, as tags: MLflow would turn an infinity into 1.797e308."""
        spoilt = {"atelier.unreadable_lines": str(self.spoilt)} if self.spoilt else {}
        counts = ", ".join(f"{key} {count} times" for key, count in sorted(self.not_finite.items()))
        return {**spoilt, "atelier.not_finite": counts} if counts else spoilt

    def _find_place(self, handle: int) -> None:
        state = os.fstat(handle)
        if state.st_ino != self._inode or state.st_size < self._offset:
            self._offset, self._inode = 0, state.st_ino
            self.spoilt = 0
            self.not_finite.clear()

    def _points(self, line: bytes) -> list[Point]:
        try:
            values: dict[str, Any] = dict(json.loads(line))
            images = values.pop("images", None)
            step = round(1000 * values["kimg"]) if images is None else int(images)
        except (ValueError, TypeError, KeyError):
            self.spoilt += bool(line.strip())
            return []
        self.last = max(self.last, step)
        now = int(1000 * time.time())
        numbers = {allowed(key): number for key, value in values.items() if (number := _number(value)) is not None}
        self.not_finite.update(key for key, value in numbers.items() if not math.isfinite(value))
        return [Point(key, value, step, now) for key, value in numbers.items() if math.isfinite(value)]


def _number(value: Any) -> float | None:
    """The number; also one that is not finite and was written as text, for which JSON has no word."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and value not in ("nan", "inf", "-inf"):
        return None
    return float(value)


def allowed(key: str) -> str:
    """`key` with every character that MLflow refuses in a name replaced by an underscore."""
    return re.sub(r"[^\w\-./: ]", "_", key, flags=re.ASCII)


def kimg_of(picture: Path) -> int | None:
    """The whole kimg in a picture's name, `kimg-000010.png` or `kimg-000010_5.png`; None for any other name."""
    found = re.fullmatch(r"kimg-(\d+)(?:_\d)?\.png", picture.name)
    return int(found.group(1)) if found else None
