"""Models that wait for the registry's verdict: one folder each in `.runs/promote/`, complete in itself, gone when it is given.

A folder holds copies: by the time that a registry is back, the model's own folder may hold another one.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ganlib.errors import AtelierError
from ganlib.files import digest_bytes, digest_file, new_folder, write_json
from tasks.digests import dvc_md5
from tasks.places import RUNS
from tasks.tracking import store
from tasks.tracking.describe import now

QUEUE = RUNS / "promote"
LOCK = QUEUE / ".lock"  # held by the one process that asks for verdicts
WAIT = 300.0  # seconds: the one who judges may have to trace a generator
CARD = "candidate.json"
WEIGHTS = "generator.safetensors"
PUBLISHED = "published"  # the folder of a run's artefacts with what is needed to draw as the project does


@dataclass(frozen=True)
class Candidate:
    """A model with its scores. identity: of both together. model: the id that DVC gives to its folder. generator: the sha256 of
    its weights. scores: as metrics/evaluate.json holds them. parent: the flow's run. forced: whatever the scores say."""

    identity: str
    model: str
    generator: str
    scores: dict[str, Any]
    parent: str | None = None
    forced: bool = False

    @property
    def name(self) -> str:
        """How a person may call it as long as it has no version."""
        return f"model {self.generator[:8]}"


def describe(model: Path, scores: Mapping[str, Any], forced: bool = False) -> Candidate:
    """The candidate that the published model in the folder `model` is with these scores; raises `OSError` where it is missing."""
    folder = dvc_md5(model)
    identity = digest_bytes(json.dumps([folder, scores], sort_keys=True).encode())
    return Candidate(identity, folder, digest_file(model / WEIGHTS), dict(scores), os.environ.get(store.PARENT) or None, forced)


def keep(candidate: Candidate, model: Path) -> None:
    """Put it at the end of the queue, with what is needed to draw from it again; one that waits already keeps its place.

    Not while somebody judges: what is written into a folder then could go unread, and the folder with it. Raises `AtelierError`
    where that takes too long, or the model goes meanwhile.
    """
    QUEUE.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(LOCK, timeout=WAIT):
            _keep(candidate, model)
    except FileNotFoundError as error:
        raise AtelierError(
            f"{error.filename}: expected the model to stay until it is registered, found it taken away, by a training say. "
            "Nothing was registered; run `python -m tasks.promote` once there is a model again."
        ) from None
    except Timeout:
        raise AtelierError(
            f"{LOCK}: expected the one who judges other models to have done so within {WAIT:.0f} s, found it still held. Nothing "
            "was registered, and nothing is lost: run `python -m tasks.promote` again."
        ) from None


def _keep(candidate: Candidate, model: Path) -> None:
    for folder in waiting():
        if (known := read(folder)) and known.identity == candidate.identity:
            write_json(folder / CARD, asdict(replace(candidate, forced=candidate.forced or known.forced)))
            return
    with new_folder(QUEUE / f"{now()}-{candidate.identity[:16]}", CARD) as folder:
        (folder / "model").mkdir()
        together = model.glob("*.parquet")  # what conditions go together, without which a seed's pictures are others
        for file in [model / "model.json", *together, *sorted(model.glob("*.safetensors"))]:
            shutil.copyfile(file, folder / "model" / file.name)
        write_json(folder / CARD, asdict(candidate))


def waiting() -> list[Path]:
    """The folders of those that wait, the oldest first."""
    return sorted(path.parent for path in QUEUE.glob(f"*/{CARD}") if not path.parent.name.startswith("."))


def read(folder: Path) -> Candidate | None:
    """The candidate in `folder`, or None when its description is damaged or gone."""
    try:
        return Candidate(**json.loads((folder / CARD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
