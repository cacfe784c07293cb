"""The one loop: shows pictures to a learner, and keeps what it has learnt."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ganlib import ranks
from ganlib.methods.base import Batch, Learner
from ganlib.progress import Progress
from ganlib.sampling.draw import draw
from ganlib.sampling.grid import grid
from ganlib.sampling.png import write_png
from ganlib.training.batches import Batches, Pictures, dice_for
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine
from ganlib.training.guard import NotFinite, seed_after, settle
from ganlib.training.history import History
from ganlib.training.keeper import Keeper
from ganlib.training.meter import Meter
from ganlib.training.schedule import decayed
from ganlib.training.signals import Stop, politely

_PREVIEW = 64  # pictures of the grid that is drawn from the same codes again and again


@dataclass(frozen=True)
class Outcome:
    """Where a run stands: pictures shown, and the signal that stopped it before its end, if one did."""

    images: int
    stopped_by: int | None


def train(learner: Learner, pictures: Pictures, config: TrainConfig, machine: Machine, folder: Path) -> Outcome:
    """Train on uint8 pictures [N, H, W, C] until `config.kimg`, going on from the last checkpoint in `folder`.

    Leaves checkpoints/, history.jsonl and samples/ in `folder`. A polite signal ends it early, with a checkpoint. At a number
    that is not finite it goes back to the last checkpoint and on from there with another seed, once; the second time it
    raises `Diverged`.
    """
    keeper, history = Keeper(learner, Meter(), folder / "checkpoints"), History(folder / "history.jsonl")
    leads = ranks.rank() == 0
    with politely() as stop, keeper:
        images = keeper.resume()
        while True:
            if leads:
                history.rewind(images)
            try:
                outcome = _run(learner, pictures, config, machine, folder, keeper, images, stop)
                break
            except NotFinite as broken:
                images = keeper.roll_back(broken)
    ranks.wait_for_all()  # or torchrun would end the one that still writes when the others are gone
    return outcome


def _run(
    learner: Learner,
    pictures: Pictures,
    config: TrainConfig,
    machine: Machine,
    folder: Path,
    keeper: Keeper,
    images: int,
    stop: Stop,
) -> Outcome:
    """From where the keeper stands to the end, or to a signal."""
    total = config.batch * math.ceil(1000 * config.kimg / config.batch)
    seed, meter, history = seed_after(config.seed, keeper.rollbacks), keeper.meter, History(folder / "history.jsonl")
    batches = Batches(pictures, config.batch, seed, config.flip, machine.torch_device)
    leads = ranks.rank() == 0
    if images == 0:
        keeper.save(images)
        _preview(learner, folder, images, config.seed)
    with Progress("train", total, "pictures", done=images, quiet=not leads) as progress:
        while images < total and (signal := ranks.any_of(stop.signal)) is None:
            before, dice, done = images, dice_for(seed, images), images / total
            learner.anneal(decayed(done, config.decay, config.decay_shape))
            real, rows = batches.at(images, dice)
            meter.add(learner.step(Batch(real, rows, dice, images, done)), config.batch)
            images += config.batch
            if _passed(before, images, config.log_kimg) or images >= total:
                keeper.check()
                settle(learner.parts())
                values = meter.read()
                if leads:
                    history.append(images, values)
                progress.note = _note(images, values)
            if _passed(before, images, config.sample_kimg) or images >= total:
                settle(learner.parts())
                _preview(learner, folder, images, config.seed)
            if _passed(before, images, config.checkpoint_kimg):
                settle(learner.parts())
                keeper.save(images)
            progress.advance(config.batch)
    settle(learner.parts())
    keeper.save(images)
    return Outcome(images, signal if images < total else None)


def _preview(learner: Learner, folder: Path, images: int, seed: int) -> None:
    """The same codes, drawn by the generator as it stands now; by one process."""
    if ranks.rank():
        return
    pictures = draw(learner.published()["generator"], learner.latent, _PREVIEW, seed)
    write_png(folder / "samples" / f"kimg-{round(images / 1000):06d}.png", grid(pictures, columns=8, scale=2))


def _passed(before: int, after: int, kimg: float) -> bool:
    """Whether a multiple of `kimg` thousand pictures lies behind `before` and not beyond `after`."""
    return int(before / (1000 * kimg)) != int(after / (1000 * kimg))


def _note(images: int, values: Mapping[str, float]) -> str:
    losses = [f"{name} {value:.3f}" for name, value in values.items() if name.startswith("loss")]
    return "  ".join([f"{images / 1000:.1f} kimg", *losses])
