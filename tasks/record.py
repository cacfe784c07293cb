"""The one seam to MLflow: what a step did, told to the tracker, never in the step's way.

A step calls `publish` at its end, a flow `open_parent` and `close_parent`; a training is told live by `tasks.live`.
`python -m tasks.record` sends what had to wait; `python -m tasks.record train sample` rebuilds the records of these steps
from the artefacts on disk, as after a step that DVC restored from its cache.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganlib.errors import AtelierError
from ganlib.files import digest_file
from ganlib.knobs import unknown
from tasks.places import STEPS
from tasks.tracking import parents, spool, store
from tasks.tracking.ask import ask
from tasks.tracking.describe import describe, finite, now

if TYPE_CHECKING:
    from ganlib.config import Params

_STARTED = int(1000 * time.time())  # a step imports this module as it begins
_PATIENCE = 600.0  # seconds, for somebody who asks for nothing else


@dataclass(frozen=True)
class Record:
    """What MLflow is to hold about one execution of a step, built from the files that the step left.

    params: the knobs used, nested or not. metrics: final numbers. files: attached as artefacts. reads, writes: the
    artefacts whose DVC ids become tags; a data set among `reads` becomes an input. history: `history.jsonl`, whose
    numbers become curves over the pictures shown. pictures: grids named `kimg-000010.png`, for the image slider.
    model: a published model's folder, whose generator is logged. run_folder: the training's folder in `.runs/`, so that
    the run that was told live is completed. title: the run's name, where it is not the step's. shared: the files are
    attached to the parent run, too. failed: what was tried did not succeed, and that is the result. tags: more of them.
    """

    step: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    files: Sequence[Path] = ()
    reads: Sequence[Path] = ()
    writes: Sequence[Path] = ()
    history: Path | None = None
    pictures: Sequence[Path] = ()
    model: Path | None = None
    run_folder: Path | None = None
    title: str | None = None
    shared: bool = False
    failed: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


def publish(record: Record, patience: float = 60.0, rebuilt: bool = False) -> bool:
    """Tell MLflow; never raises, and ends within about `patience` seconds, a few when the server is away.

    What could not be told is kept in `.runs/record/` and sent by the next call, or by `python -m tasks.record`; a line
    says so. The same version of a step is told once. Returns whether nothing waits.
    """
    try:
        _keep(record, rebuilt)
    except Exception as error:
        _say(f"The MLflow record of {record.step} could not be written to {spool.SPOOL}: {error}. The step itself is done.")
        return False
    return send(patience)


def send(patience: float = 60.0) -> bool:
    """Send all that waits; returns whether nothing waits any more. Never raises; what went wrong is one line."""
    troubles, why = ask("send", [], patience)
    if not (why or troubles):
        return True
    _say(
        f"MLflow at {store.shown()} does not have the whole record yet ({why or '; '.join(troubles)}). What is missing, of "
        f"{_left()} runs, is kept in {spool.SPOOL}/ and sent with the next record, or by: python -m tasks.record"
    )
    return False


def _left() -> int:
    try:
        return spool.left()
    except OSError:  # only to be told, and another process works there
        return 0


def open_parent(name: str, tags: Mapping[str, str] | None = None, patience: float = 30.0) -> str | None:
    """Begin the run of a flow: an id for `ATELIER_PARENT_RUN`, under which steps put theirs. Never raises.

    While the server is away the id is a stand-in, and the run is made when something is sent at last; None only when not
    even that could be written.
    """
    answer, why = ask("open", [name, dict(tags or {})], patience)
    if not why:
        return str(answer)
    try:
        return parents.note(name, dict(tags or {}))
    except OSError:
        return None


def shared_parent(name: str, params: Path, tags: Mapping[str, str] | None = None) -> str | None:
    """An id for `ATELIER_PARENT_RUN` that is the same for everybody who names the same file of parameters with the same
    content, be it a flow or a step that was started by hand. Never raises; None when it could not be written."""
    try:
        return parents.shared(name, digest_file(params)[:16], dict(tags or {}))
    except OSError:
        return None


def close_parent(run_id: str | None, status: str = "FINISHED", patience: float = 30.0) -> None:
    """End the run of a flow: FINISHED, FAILED or KILLED. Never raises; while the server is away it is done later."""
    if run_id is None:
        return
    try:
        parents.note_end(run_id, status)
    except OSError as error:
        _say(f"The end of the flow could not be noted in {spool.SPOOL}: {error}")
    send(patience)


def _keep(record: Record, rebuilt: bool) -> None:
    entry = describe(record.step, record.params, record.reads, record.writes)
    entry.metrics, left = finite(record.metrics)
    entry.tags |= {**left, **record.tags} | ({"atelier.rebuilt": "yes"} if rebuilt else {})
    entry.started, entry.ended, entry.status = now() if rebuilt else _STARTED, now(), "FAILED" if record.failed else "FINISHED"
    entry.folder = str(record.run_folder.resolve()) if record.run_folder else None
    entry.model = record.model is not None
    entry.title, entry.shared = record.title, record.shared
    there = [path for path in record.files if path.exists()]
    history = record.history if record.history and record.history.exists() else None
    spool.keep(entry, there, history, record.pictures, record.model)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def rebuild(steps: Sequence[str], patience: float = 60.0) -> bool:
    """Tell the records of `steps` as their artefacts lie on disk; returns whether nothing waits. Tells no version twice.

    Raises `AtelierError`, and tells nothing, where one of them has left nothing here.
    """
    from ganlib.config import load

    params = load()
    records = [_left_by(step, params) for step in steps]
    return all([publish(record, patience, rebuilt=True) for record in records])


def _left_by(step: str, params: "Params") -> Record:
    try:
        record: Record = importlib.import_module(f"tasks.{step}").record(params)
        missing = next((str(path) for path in record.writes if not path.exists()), None)
    except FileNotFoundError as error:
        record, missing = Record(step, {}, {}), str(error.filename)
    if missing:
        raise AtelierError(
            f"{missing}: expected what the step {step} writes, found nothing there; nothing was recorded. Run `dvc repro {step}`."
        )
    return record


def main() -> None:
    """The command line; exits with 1 when something still waits."""
    parser = argparse.ArgumentParser(prog="python -m tasks.record", description="Send to MLflow what had to wait.")
    parser.add_argument("steps", nargs="*", help="steps whose record is to be rebuilt from the artefacts on disk")
    steps = parser.parse_args().steps
    valid = [step for step in STEPS if step != "data"]
    for step in steps:
        if step not in valid:
            raise AtelierError(f"{step}: no step has this name; it {unknown('step', step, valid)}")
    done = rebuild(steps, _PATIENCE) if steps else send(_PATIENCE)
    if done:
        _say(f"MLflow at {store.shown()} has the whole record; nothing waits.")
    sys.exit(0 if done else 1)


if __name__ == "__main__":
    from tasks.cli import run

    run(main)
