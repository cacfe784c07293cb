"""What waits to be told to MLflow: one folder a run in `.runs/record/`, complete in itself, gone when it has been told.

A folder holds copies: the files that it was made from may belong to another version by the time a server is back.
"""

import json
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ganlib.files import new_folder, write_json
from tasks.places import RUNS

SPOOL = RUNS / "record"
ENTRY = "entry.json"
LIVE = "mlflow.json"  # in the folder of a training run: the same description, for the run that is being told live
LOCK = "mlflow.lock"  # there too: held by the one process that tells it

# Tags of a run
VERSION = "atelier.version"  # the digest by which it is found again
TRAINING = "atelier.training"  # by which the run of a live training is, where the answer that named it never came
RECORDED = "atelier.recorded"  # "yes" once everything has been told
NOTE = "atelier.note"  # what could not be told, and why
COMMIT = "git.commit"
PARENT = "mlflow.parentRunId"


@dataclass
class Entry:
    """One run as MLflow is to show it, but for the files beside it. Times are milliseconds since 1970."""

    step: str
    params: dict[str, str]
    tags: dict[str, str]
    version: str | None = None  # digest of step, reads, writes, params; None for a training that is still going on
    metrics: dict[str, float] = field(default_factory=dict)
    datasets: list[dict[str, Any]] = field(default_factory=list)
    model: bool = False  # whether a model lies beside it
    folder: str | None = None  # the training run's folder, whose live run is to be completed
    parent: str | None = None
    started: int | None = None
    ended: int | None = None
    status: str | None = None  # None while it is going on
    run: str | None = None  # MLflow's id, known for live runs
    fresh: bool = False  # a training that begins anew
    told: bool = False  # nothing is left to tell
    title: str | None = None  # what the run is called, where that is not the step
    shared: bool = False  # its files are its parent's, too

    @property
    def called(self) -> str:
        """The name of its run."""
        return self.title or self.step

    @property
    def name(self) -> str:
        """The name of its folder in the spool: the same run under the same parent is kept once."""
        return f"{self.step}-{(self.version or 'live')[:16]}-{(self.parent or 'alone')[-8:]}"


def write(entry: Entry, path: Path) -> None:
    """Write the description at once."""
    write_json(path, asdict(entry))


def read(path: Path) -> Entry | None:
    """The description in `path`, or None when it is missing or not one of ours."""
    try:
        return Entry(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def keep(
    entry: Entry,
    files: Iterable[Path] = (),
    history: Path | None = None,
    pictures: Iterable[Path] = (),
    model: Path | None = None,
) -> Path:
    """Put the entry and copies of its files into the spool, all at once or not at all; returns its folder.

    `files` go to `files/<folder>/<name>`, whole folders with what is in them; of `model` only the files directly in it.
    """
    with new_folder(SPOOL / entry.name, ENTRY) as folder:
        for file in files:
            _copy(file, folder / "files" / file.resolve().parent.name / file.name)
        for picture in pictures:
            _copy(picture, folder / "samples" / picture.name)
        for file in sorted(model.iterdir()) if model else ():
            if file.is_file():
                _copy(file, folder / "model" / file.name)
        if history:
            _copy(history, folder / "history.jsonl")
        if history and (looks := history.with_name("watch.jsonl")).exists():
            _copy(looks, folder / "watch.jsonl")
        write(entry, folder / ENTRY)
    return SPOOL / entry.name


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def waiting() -> list[Path]:
    """The folders that wait, the oldest first."""
    found: list[tuple[float, Path]] = []
    for entry in SPOOL.glob(f"*/{ENTRY}"):
        with suppress(FileNotFoundError):  # told meanwhile by another process
            found += [] if entry.parent.name.startswith(".") else [(entry.stat().st_mtime, entry.parent)]
    return [folder for _, folder in sorted(found)]


def left() -> int:
    """How many runs wait, in whole or in part."""
    return len(waiting()) + len(unfinished()) + len(list(SPOOL.glob("parent-*.json")))


def unfinished() -> list[Path]:
    """The folders of training runs, whether going on or broken off, whose live record is not complete."""
    folders = sorted(path.parent for path in RUNS.glob(f"*/{LIVE}"))
    return [folder for folder in folders if (entry := read(folder / LIVE)) and not entry.told]
