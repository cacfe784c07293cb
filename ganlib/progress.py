"""How far long work has come: a bar on a terminal, a line every few seconds elsewhere, a small file for other processes."""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

#: When this names a file, the state of the running step is kept there as JSON, for a process that watches from outside.
PROGRESS_FILE = "ATELIER_PROGRESS_FILE"


class Progress:
    """A count towards `total`, shown with its rate and the time left.

    Use as a context manager; call `advance` as work is done. `note` is free text at the end of the line (losses, say).
    quiet: show nothing, for another process does.
    """

    def __init__(self, label: str, total: float, unit: str, every: float = 5.0, done: float = 0.0, quiet: bool = False) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done, self.note = done, ""
        self._first, self._started = done, time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._every = 0.2 if self._terminal else every
        self._shown = self._started
        self._quiet = quiet
        self._file = os.environ.get(PROGRESS_FILE)

    def __enter__(self) -> "Progress":
        self._show()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._show()
        if self._terminal and not self._quiet:
            print(file=sys.stderr)

    def advance(self, amount: float = 1, note: str | None = None) -> None:
        """Count `amount` more as done and, if enough time has gone by, show it."""
        self.done += amount
        if note is not None:
            self.note = note
        if time.monotonic() - self._shown >= self._every:
            self._show()

    def say(self, text: str) -> None:
        """Print a line of its own, above the bar."""
        if not self._quiet:
            print(f"\r\x1b[K{text}" if self._terminal else text, file=sys.stderr, flush=True)

    def line(self) -> str:
        """One line for a person: share, count, rate, time left, note."""
        seconds = time.monotonic() - self._started
        rate = (self.done - self._first) / seconds if seconds > 0 else 0.0
        left = _clock((self.total - self.done) / rate) if rate > 0 else "?"
        share = 100 * self.done / self.total if self.total else 100.0
        text = f"{self.label:<9}{share:4.0f}%  {self.done:,.0f} of {self.total:,.0f} {self.unit}  {rate:,.0f}/s  {left} left"
        return f"{text}  {self.note}" if self.note else text

    def _show(self) -> None:
        self._shown = time.monotonic()
        if self._quiet:
            return
        line = self.line()
        end, start = ("", "\r\x1b[K") if self._terminal else ("\n", "")
        print(f"{start}{line}", end=end, file=sys.stderr, flush=True)
        if self._file:
            state = {"step": self.label, "done": self.done, "total": self.total, "unit": self.unit, "line": line}
            temporary = Path(f"{self._file}.tmp")
            temporary.write_text(json.dumps(state))
            os.replace(temporary, self._file)


def track(items: Iterable[T], label: str, total: int, unit: str = "pictures") -> Iterator[T]:
    """Pass `items` through, counting each one as done."""
    with Progress(label, total, unit) as progress:
        for item in items:
            yield item
            progress.advance()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
