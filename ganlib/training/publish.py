"""One training, from a data set to a published model."""

import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganlib import ranks
from ganlib.conditions import sentences as spoken
from ganlib.errors import AtelierError
from ganlib.files import digest_bytes, new_folder, write_bytes, write_text
from ganlib.methods.base import Learner
from ganlib.nets import NETWORKS
from ganlib.nets.base import check_fewest, check_size
from ganlib.pictures.store import Store
from ganlib.pictures.tables import parquet_bytes
from ganlib.sampling.asked import table_of
from ganlib.sampling.card import NAME, card, facts_of
from ganlib.sampling.model import TOGETHER, read_card, write_model
from ganlib.training import loop
from ganlib.training.anew import why_anew
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine, choose, prepare, unlike_here
from ganlib.training.history import read, without_clock
from ganlib.training.lessons import rows_to_learn, setting_for, together
from ganlib.training.memory import exhausted, too_little
from ganlib.training.room import check_room
from ganlib.training.run_folder import claim, folder_for, locked, told_by
from ganlib.training.watch import Watch

_DECISIVE = (
    *("methods", "nets", "objectives", "pictures/augment.py", "pictures/augmentations", "ranks.py", "training", "conditions"),
    *("metrics/quick.py", "metrics/votes.py"),  # what is seen at looks, which may end a run
)


@dataclass(frozen=True)
class Trained:
    """What came of a training: pictures shown, where the run's own files lie, and the signal that cut it short, if one did."""

    images: int
    run: Path
    machine: Machine
    stopped_by: int | None


def run_for(store: Store, config: TrainConfig, runs: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of the run that `config` on `store` describes, and what names it.

    The code is part of the name: a run must not go on, or be taken for finished, when what it computes has changed.
    """
    shape = {"dataset": store.digest, "size": store.size, "channels": store.channels}
    identity = {"train": asdict(config), **shape, "code": code_digest()}
    return folder_for(runs, identity), identity


def code_digest() -> str:
    """The digest of the code that decides what a training computes."""
    ganlib = Path(__file__).parents[1]
    files = sorted(path for name in _DECISIVE for path in _python(ganlib / name))
    return digest_bytes(*(part for path in files for part in (path.relative_to(ganlib).as_posix().encode(), path.read_bytes())))


def _python(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(path.rglob("*.py"))


def train(store: Store, config: TrainConfig, out: Path, runs: Path, watch: Watch | None = None) -> Trained:
    """Train on the store's train split, resuming a run that was broken off; publish the model to the folder `out`.

    watch: looks at the run every `config.sample_kimg`; by its scores the run may end early (`config.patience_kimg`).

    Raises `AtelierError` where the run is another's or being trained by another process, or pictures are too few.
    """
    if len(store.train) < config.batch:
        raise AtelierError(
            f"train.batch: expected at most as many as there are pictures to learn from, found {config.batch} and "
            f"{len(store.train)}; nothing was started. Lower it in params.yaml, or collect more pictures."
        )
    check_size(config.method.network, store.size, NETWORKS.values())
    check_fewest(config.method.network, config.batch)
    ranks.check_batch(config.batch)
    if ranks.started() > 1 and not config.method.splits:
        raise AtelierError(
            f"train.method {config.method.name}: expected one process, found {ranks.started()} that torchrun started; nothing "
            "was started, for what this method keeps between steps cannot be shared. Start it by python -m tasks.train."
        )
    folder, identity = run_for(store, config, runs)
    with ranks.together(_device(config, folder)), _held(folder):
        machine = machine_for(config, folder, identity)
        _tell(config, machine, folder, identity)
        prepare(machine)
        torch.manual_seed(config.seed)
        setting, rows = setting_for(store, config, machine, folder), rows_to_learn(store, config.withhold, config.batch)
        learner = config.method.learner(setting)
        check_room(learner.parts(), folder)
        print(f"Trains {config.method.name} for {config.kimg:g} kimg {machine.describe()}; checkpoints in {folder}.")
        outcome = _outcome(learner, store, config, machine, folder, watch, rows)
        if outcome is None:
            del learner
            raise too_little(config, setting, store.train, folder)
        if outcome.early:
            shown = f"{outcome.images / 1000:g} kimg of {config.kimg:g}"
            print(f"Ended after {shown}: no better for {config.patience_kimg:g} kimg (train.patience_kimg).")
        images = outcome.images if outcome.best is None else outcome.best
        if images < outcome.images:
            print(f"It was best after {images / 1000:g} kimg; that model is published.")
        if outcome.stopped_by is None and ranks.rank() == 0:
            _publish(learner, store, images, config, folder, out)
    return Trained(outcome.images, folder, machine, outcome.stopped_by)


def _tell(config: TrainConfig, machine: Machine, folder: Path, identity: Mapping[str, Any]) -> None:
    """Say why a run begins at nothing though another one was broken off, and where it goes on as this machine would not begin."""
    if ranks.rank() == 0 and (why := why_anew(folder, identity)):
        print(why)
    if ranks.world() == 1 and (unlike := unlike_here(machine, config.device, config.threads)):
        print(f"Goes on {machine.describe()}, as it began, for its bits to stay the same: {unlike}.")


def _outcome(
    learner: Learner,
    store: Store,
    config: TrainConfig,
    machine: Machine,
    folder: Path,
    watch: Watch | None,
    rows: NDArray[np.int64] | None,
) -> loop.Outcome | None:
    """What came of it; None where memory ran out. (Within the handler the error's frames would hold all that was in it.)"""
    try:
        return loop.train(learner, store.train, config, machine, folder, store.heldout, watch, rows)
    except RuntimeError as error:
        if not exhausted(error):
            raise
        return None


def _device(config: TrainConfig, folder: Path) -> str:
    """The kind of device that the run began on, or is to begin on."""
    path = folder / "machine.json"
    return str(told_by(path)["device"]) if path.exists() else config.device


def _held(folder: Path) -> AbstractContextManager[None]:
    """The run's lock, which one process takes for all."""
    return locked(folder) if ranks.rank() == 0 else nullcontext()


def machine_for(config: TrainConfig, folder: Path, identity: Mapping[str, Any]) -> Machine:
    """As the run began, so it goes on: other threads, device or precision would change its bits. One process decides."""
    if ranks.rank() == 0:
        _chosen(config, folder)
        claim(folder, identity)
    ranks.wait_for_all()
    machine = _chosen(config, folder)
    return replace(machine, threads=max(1, machine.threads // ranks.world()))


def _chosen(config: TrainConfig, folder: Path) -> Machine:
    path = folder / "machine.json"
    if path.exists():
        before = Machine(**told_by(path))
        choose(before.device, before.precision, before.threads, before.fast)  # raises where the GPU is gone
        return before
    machine = choose(config.device, config.precision, config.threads, config.fast)
    if ranks.world() > 1 and not config.threads:
        machine = replace(machine, threads=os.cpu_count() or 1)  # torchrun tells each process that it has one
    write_text(path, json.dumps(asdict(machine)))
    return machine


def _publish(learner: Learner, store: Store, images: int, config: TrainConfig, folder: Path, out: Path) -> None:
    known: dict[str, Any] = {
        "dataset": store.digest,
        "size": store.size,
        "channels": store.channels,
        "latent": learner.latent,
        "kimg": images / 1000,
    }
    if conditions := getattr(learner, "conditions", None):
        known |= {"conditions": conditions.plain(), "withheld": [dict(one) for one in config.withhold]}
    if (folder / spoken.FILE).exists():
        sentences, _ = spoken.read(folder / spoken.FILE)
        known["sentences"] = {"name": sentences.name, "encoder": sentences.encoder}
    with new_folder(out, "model.json") as partial:
        write_model(partial, learner.published(), config.method, known)
        if names := getattr(config.method, "conditions", ()):
            numbers = _spoken(folder, partial)
            write_bytes(partial / TOGETHER, parquet_bytes(table_of(together(store, names, config.withhold, numbers))))
        write_text(partial / NAME, card(facts_of(read_card(partial), store)))
        write_histories(folder, partial)


def _spoken(run: Path, out: Path) -> dict[str, spoken.Floats]:
    """Publish how sentences became numbers, where they did; by name those of the first caption of each picture."""
    if not (run / spoken.FILE).exists():
        return {}
    sentences, numbers = spoken.read(run / spoken.FILE)
    spoken.write(out / spoken.FILE, sentences)
    return {} if numbers is None else {name: numbers[:, 0, place] for place, name in enumerate(sentences.parts)}


def write_histories(folder: Path, out: Path) -> None:
    """What the run in `folder` left to be looked at, without clock times."""
    for name in ("history.jsonl", "watch.jsonl"):
        lines = without_clock(read(folder / name)) if (folder / name).exists() else []
        write_text(out / name, "".join(json.dumps(line) + "\n" for line in lines))
    for sheet in sorted((folder / "samples").glob("*.png")):
        write_bytes(out / "samples" / sheet.name, sheet.read_bytes())
