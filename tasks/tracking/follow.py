"""A training told live: what has been added to its history and its samples since the last look is sent on."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.tracking import parents, spool, store
from tasks.tracking.history import Tail, kimg_of
from tasks.tracking.spool import COMMIT, LIVE, TRAINING, VERSION

if TYPE_CHECKING:
    from tasks.tracking.run import Run, Tracker


class Follower:
    """The training in `folder`, whose description lies in `folder/mlflow.json`; nothing here raises when the store fails.

    After a failure all that was known of the run is forgotten, and the store is asked again what it has taken.
    """

    def __init__(self, folder: Path) -> None:
        entry = spool.read(folder / LIVE)
        if entry is None:
            raise FileNotFoundError(f"{folder / LIVE}: expected the description of a training run, found none.")
        self.folder, self.entry = folder, entry
        self.trouble = ""
        self._run: Run | None = None
        self._tail, self._looks = self._tails()
        self._wait, self._next = 2.0, 0.0

    def tick(self) -> bool:
        """Send what is new. False when the store is away; the next tries are then spaced out, to a minute."""
        if time.monotonic() < self._next:
            return False
        try:
            self._send()
        except Exception as error:
            self._forget(f"{type(error).__name__}: {error}")
            return False
        self.trouble, self._wait = "", 2.0
        return True

    def finish(self, status: str) -> bool:
        """Send the rest and end the run with `status`; False when something is left to tell."""
        self._next = 0.0
        if not self.tick() or self._run is None:
            return False
        try:
            self._run.end(status)
        except Exception as error:
            self._forget(f"{type(error).__name__}: {error}")
            return False
        self.entry.status, self.entry.told = status, True
        spool.write(self.entry, self.folder / LIVE)
        return True

    def _forget(self, trouble: str) -> None:
        self.trouble = store.redact(trouble)
        self._run = None
        self._tail, self._looks = self._tails()
        self._next = time.monotonic() + self._wait
        self._wait = min(60.0, 2 * self._wait)

    def _tails(self) -> tuple[Tail, Tail]:
        return Tail(self.folder / "history.jsonl"), Tail(self.folder / "watch.jsonl")

    def _send(self) -> None:
        if self._run is None:
            if not store.answers():
                raise ConnectionError(f"nothing answers at {store.shown()}")
            from tasks.tracking.run import Tracker  # MLflow, which takes seconds: not before there is a store

            self._run = self._open(Tracker())
        before = dict(self._tail.notes())
        self._run.add_points(self._tail.read() + self._looks.read())
        if (notes := self._tail.notes()) != before:
            self._run.set_tags(notes)
        pictures = [path for path in (self.folder / "samples").glob("*.png") if kimg_of(path) is not None]
        self._run.add_pictures(sorted(pictures))

    def _open(self, tracker: "Tracker") -> "Run":
        """The run to go on with, or a new one, with all that is known of it before the first step."""
        entry = self.entry
        run = tracker.open(entry.run) if entry.run else tracker.find(TRAINING, entry.tags.get(TRAINING, ""))
        if run and self._is_of_another_training(run):
            run = None
        run = run or tracker.create(entry.called, entry.tags, entry.started)
        entry.run, entry.fresh = run.id, False
        spool.write(entry, self.folder / LIVE)
        run.resume()
        run.add_params(entry.params)
        run.add_datasets(entry.datasets)
        if entry.parent and (parent := parents.resolve(tracker, entry.parent)):
            run.link(parent, entry.called)
        return run

    def _is_of_another_training(self, run: "Run") -> bool:
        """Training began anew, and the run of this folder is a published one, or one of other code."""
        tags = run.tags()
        return self.entry.fresh and (VERSION in tags or tags.get(COMMIT) != self.entry.tags.get(COMMIT))
