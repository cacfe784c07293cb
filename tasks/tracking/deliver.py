"""From an entry of the spool to a complete run in MLflow, whatever an earlier try has left there."""

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout
from mlflow.exceptions import MlflowException

from tasks.tracking import parents, spool
from tasks.tracking.history import Point, Tail, allowed
from tasks.tracking.run import Run, Tracker
from tasks.tracking.spool import LOCK, NOTE, RECORDED, VERSION, Entry


def deliver(tracker: Tracker, entry: Entry, folder: Path) -> Run:
    """Make the run of `entry` complete, with the files beside it in `folder`, and a child of its flow.

    The run is the one that was told live from the same training, or the one that bears the same version, or a new one.
    Raises what MLflow raises when the store is away; calling again then goes on.
    """
    version = entry.version or ""
    run = _live_run(tracker, entry) or tracker.find(VERSION, version)
    if run is None:
        run = tracker.create(entry.called, {**entry.tags, VERSION: version}, entry.started)
    if run.tags().get(RECORDED) != "yes":
        run.set_tags({**entry.tags, VERSION: version})
        _fill(run, entry, folder)
    if entry.parent and (parent := parents.resolve(tracker, entry.parent)):
        run.link(parent, entry.called)
        if entry.shared:
            parent.add_files(folder / "files")
    if entry.folder:
        _settle(Path(entry.folder), entry, run)
    return run


def _settle(folder: Path, entry: Entry, run: Run) -> None:
    """Note in the training's folder that nothing is left to tell, unless a training that began later is told there."""
    with suppress(Timeout, OSError), FileLock(folder / LOCK, timeout=0):
        live = spool.read(folder / spool.LIVE)
        if live and (live.started or 0) <= (entry.ended or 0):
            spool.write(replace(live, run=run.id, status=entry.status or "FINISHED", told=True, fresh=False), folder / spool.LIVE)


def _live_run(tracker: Tracker, entry: Entry) -> Run | None:
    """The run that the training's folder names, unless it stands for another version by now."""
    live = spool.read(Path(entry.folder) / spool.LIVE) if entry.folder else None
    if not live or (live.started or 0) > (entry.ended or 0):
        return None  # none, or of a training that began after this one
    run = tracker.open(live.run) if live.run else tracker.find(spool.TRAINING, live.tags.get(spool.TRAINING, ""))
    return run if run and run.tags().get(VERSION) in (None, entry.version) else None


def _fill(run: Run, entry: Entry, folder: Path) -> None:
    run.add_params(entry.params)
    tail = Tail(folder / "history.jsonl")
    run.add_points(tail.read() + Tail(folder / "watch.jsonl").read())
    now = int(1000 * time.time())
    run.add_points([Point(allowed(key), value, tail.last, now) for key, value in entry.metrics.items()])
    run.set_tags(tail.notes())
    run.add_datasets(entry.datasets)
    run.add_pictures(sorted((folder / "samples").glob("*.png")))
    run.add_files(folder / "files")
    if entry.model:
        _add_generator(run, folder / "model", tail.last)
    run.end(entry.status or "FINISHED", entry.ended)
    run.set_tags({RECORDED: "yes"})


def _add_generator(run: Run, folder: Path, step: int) -> None:
    """Log the model; a network that cannot be traced costs the record a note, not the rest."""
    from ganlib.sampling.model import load_model  # which imports torch, and most steps have no model
    from tasks.tracking.generator import log_generator

    try:
        model = load_model(folder)
        log_generator(run.id, model, folder, round(1000 * float(model.card.get("kimg", step / 1000))))
    except (MlflowException, OSError):  # the store failed, not the network: another try may do better
        raise
    except Exception as error:
        run.set_tags({NOTE: f"the generator is not logged: {type(error).__name__}: {error}"})
