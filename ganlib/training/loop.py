"""The one loop: shows pictures to a learner, and keeps what it has learnt."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganlib import ranks
from ganlib.methods.base import Batch, Learner
from ganlib.progress import Progress
from ganlib.training.batches import Batches, Pictures, dice_for
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine
from ganlib.training.guard import NotFinite, seed_after, settle
from ganlib.training.history import History
from ganlib.training.keeper import Keeper
from ganlib.training.meter import Meter
from ganlib.training.schedule import decayed
from ganlib.training.signals import Stop, politely
from ganlib.training.watch import Lookout, Watch, best_yet, stalled


@dataclass(frozen=True)
class Outcome:
    """Where a run stands: pictures shown, and the signal that stopped it before its end, if one did.

    early: whether it ended before all were shown because its quick score had stopped getting better. best: after how many
    pictures it was best, if the learner was put back there.
    """

    images: int
    stopped_by: int | None
    early: bool = False
    best: int | None = None


def train(
    learner: Learner,
    pictures: Pictures,
    config: TrainConfig,
    machine: Machine,
    folder: Path,
    heldout: Pictures | None = None,
    watch: Watch | None = None,
    rows: NDArray[np.int64] | None = None,
) -> Outcome:
    """Train on uint8 pictures [N, H, W, C] until `config.kimg`, going on from the last checkpoint in `folder`.

    heldout: pictures that the judge is asked about besides, and `watch` whoever looks at the run (`ganlib.training.watch`); with
    `config.patience_kimg` the run ends where what is seen has stopped getting better, and not without a watch.

    Where there is patience and the run came to its end, the learner is put back to where it was best.

    Leaves checkpoints/, history.jsonl, watch.jsonl and samples/ in `folder`. A polite signal ends it early, with a checkpoint. At
    a number that is not finite it goes back to the last checkpoint and on from there with another seed, once; the second time
    it raises `Diverged`.
    """
    keeper, history = Keeper(learner, Meter(), folder / "checkpoints"), History(folder / "history.jsonl")
    lookout = Lookout(learner, pictures, heldout, config.seed, folder, watch, rows)
    leads = ranks.rank() == 0
    with politely() as stop, keeper:
        images = keeper.resume()
        while True:
            if leads:
                history.rewind(images)
                lookout.rewind(images)
            try:
                outcome = _run(learner, pictures, config, machine, keeper, lookout, images, stop, rows)
                break
            except NotFinite as broken:
                images = keeper.roll_back(broken)
        if config.patience_kimg and outcome.stopped_by is None:
            outcome = replace(outcome, best=keeper.take_best())
    ranks.wait_for_all()  # or torchrun would end the one that still writes when the others are gone
    return outcome


def _run(
    learner: Learner,
    pictures: Pictures,
    config: TrainConfig,
    machine: Machine,
    keeper: Keeper,
    lookout: Lookout,
    images: int,
    stop: Stop,
    rows: NDArray[np.int64] | None,
) -> Outcome:
    """From where the keeper stands to the end, to a signal, or to where there is no patience any more."""
    total = config.batch * math.ceil(1000 * config.kimg / config.batch)
    seed, meter, history = seed_after(config.seed, keeper.rollbacks), keeper.meter, History(lookout.folder / "history.jsonl")
    batches = Batches(pictures, config.batch, seed, config.flip, machine.torch_device, rows)
    leads = ranks.rank() == 0
    if images == 0:
        keeper.save(images)
        lookout.look(images, 0.0)
    early, signal = _enough(lookout, config), None
    with Progress("train", total, "pictures", done=images, quiet=not leads) as progress:
        while images < total and not early and (signal := ranks.any_of(stop.signal)) is None:
            before, dice, done = images, dice_for(seed, images), images / total
            learner.anneal(decayed(done, config.decay, config.decay_shape))
            real, shown = batches.at(images, dice)
            meter.add(learner.step(Batch(real, shown, dice, images, done)), config.batch)
            images += config.batch
            first = before == 0  # it tells what gradients are like before any has moved a weight
            if first or _passed(before, images, config.log_kimg) or images >= total:
                keeper.check()
                settle(learner.parts())
                values = meter.read()
                if leads:
                    history.append(images, values)
                progress.note = _note(images, values)
            best = False
            if _passed(before, images, config.sample_kimg) or images >= total:
                settle(learner.parts())
                for remark in lookout.look(images, images / total):
                    progress.say(remark)
                early, best = _enough(lookout, config), _at_its_best(lookout, config, images)
            if best or _passed(before, images, config.checkpoint_kimg):
                settle(learner.parts())
                keeper.save(images, best)
            progress.advance(config.batch)
    settle(learner.parts())
    keeper.save(images, _at_its_best(lookout, config, images))
    return Outcome(images, None if images >= total or early else signal, early and images < total)


def _enough(lookout: Lookout, config: TrainConfig) -> bool:
    """Whether patience has come to its end. One process has seen, and all do the same."""
    if not config.patience_kimg:
        return False
    over = ranks.rank() == 0 and stalled(lookout.seen(), config.patience_kimg)
    return ranks.any_of(1 if over else None) is not None


def _at_its_best(lookout: Lookout, config: TrainConfig, images: int) -> bool:
    """Whether the run, looked at now, is better than ever before; nobody asks without patience."""
    best = bool(config.patience_kimg) and ranks.rank() == 0 and best_yet(lookout.seen()) == images
    return ranks.any_of(1 if best else None) is not None if config.patience_kimg else False


def _passed(before: int, after: int, kimg: float) -> bool:
    """Whether a multiple of `kimg` thousand pictures lies behind `before` and not beyond `after`."""
    return int(before / (1000 * kimg)) != int(after / (1000 * kimg))


def _note(images: int, values: Mapping[str, float]) -> str:
    losses = [f"{name} {value:.3f}" for name, value in values.items() if name.startswith("loss")]
    return "  ".join([f"{images / 1000:.1f} kimg", *losses])
