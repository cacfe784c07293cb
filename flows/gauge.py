"""Prefect's progress bar for a running step, kept up to date from the file that `ganlib.progress` writes."""

import json
import re
import time
from pathlib import Path
from types import TracebackType
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.logging import get_run_logger

from flows.reach import server_is_away

#: Seconds between two updates: each is a request to the server.
EVERY = 3.0


def key_of(*names: str) -> str:
    """Names as one key of an artifact: Prefect takes small letters, digits and dashes."""
    return re.sub("[^a-z0-9]+", "-", "-".join(names).lower()).strip("-")


class Gauge:
    """A progress artifact of the running task. Without any progress to read there is none.

    While the server does not answer the gauge stands still; one that refuses silences it. Nothing else is disturbed.
    """

    def __init__(self, name: str, file: Path) -> None:
        self.name, self.file = name, file
        self._artifact: UUID | None = None
        self._seen, self._next, self._broken = "", 0.0, False

    def __enter__(self) -> "Gauge":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._show()

    def read(self) -> None:
        """Look at the file, unless that was done a moment ago."""
        if time.monotonic() >= self._next:
            self._show()
            self._next = time.monotonic() + EVERY

    def _show(self) -> None:
        text = self.file.read_text() if self.file.exists() else ""
        if self._broken or text in ("", self._seen) or server_is_away():
            return
        self._seen, state = text, json.loads(text)
        percent = min(100.0, 100.0 * state["done"] / state["total"]) if state["total"] else 100.0
        try:
            self._put(percent, state["line"])
        except Exception as error:  # whatever the server or the way to it may have: the step goes on
            self._broken = True
            get_run_logger().warning(f"The progress bar stops here: {error}")

    def _put(self, percent: float, line: str) -> None:
        if self._artifact is None:
            self._artifact = cast(UUID, create_progress_artifact(percent, key=key_of("progress", self.name), description=line))
        else:
            update_progress_artifact(self._artifact, percent, description=line)
