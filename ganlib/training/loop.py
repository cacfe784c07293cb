"""The one loop: shows pictures to a learner, and keeps what it has learnt."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganlib.errors import AtelierError
from ganlib.methods import Learner
from ganlib.progress import Progress
from ganlib.sampling.draw import draw
from ganlib.sampling.grid import grid
from ganlib.sampling.png import write_png
from ganlib.training import checkpoint
from ganlib.training.batches import Batches, Pictures, dice_for
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine
from ganlib.training.history import CLOCK, History
from ganlib.training.signals import politely
from ganlib.training.state import from_tensors, to_tensors

_PREVIEW = 64  # pictures of the grid that is drawn from the same codes again and again


@dataclass(frozen=True)
class Outcome:
    """Where a run stands: pictures shown, and the signal that stopped it before its end, if one did."""

    images: int
    stopped_by: int | None


def train(learner: Learner, pictures: Pictures, config: TrainConfig, machine: Machine, folder: Path) -> Outcome:
    """Train on uint8 pictures [N, H, W, C] until `config.kimg`, going on from the last checkpoint in `folder`.

    Leaves checkpoints/, history.jsonl and samples/ in `folder`. A polite signal ends it early, with a checkpoint.
    """
    total = config.batch * math.ceil(1000 * config.kimg / config.batch)
    checkpoints, history = folder / "checkpoints", History(folder / "history.jsonl")
    meter = Meter()
    images = _resume(learner, meter, checkpoints)
    history.rewind(images)
    batches = Batches(pictures, config.batch, config.seed, config.flip, machine.torch_device)
    with politely() as stop, Progress("train", total, "pictures", done=images) as progress:
        if images == 0:
            _preview(learner, folder, images, config.seed)
        while images < total and stop.signal is None:
            before, dice = images, dice_for(config.seed, images)
            learner.anneal(decayed(images / total, config.decay))
            meter.add(learner.step(batches.at(images, dice), dice, images), config.batch)
            images += config.batch
            if _passed(before, images, config.log_kimg) or images >= total:
                values = meter.read()
                history.append(images, values)
                progress.note = _note(images, values)
            if _passed(before, images, config.sample_kimg) or images >= total:
                _preview(learner, folder, images, config.seed)
            if _passed(before, images, config.checkpoint_kimg):
                _save(learner, meter, checkpoints, images)
            progress.advance(config.batch)
    _save(learner, meter, checkpoints, images)
    return Outcome(images, stop.signal if images < total else None)


class Meter:
    """Means of what the steps report since the last reading; the device is asked for numbers only when read."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.steps = 0
        self._images, self._since = 0, time.monotonic()

    def add(self, seen: Mapping[str, Tensor], images: int) -> None:
        """Take in one step's numbers and how many pictures it showed."""
        self.steps += 1
        self._images += images
        for name, value in seen.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value.clone()

    def read(self) -> dict[str, float]:
        """Means by name, and the speed; then begin anew. Raises `AtelierError` at a mean that is not finite."""
        values = {name: float(self.sums[name]) / self.steps for name in sorted(self.sums)}
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        if broken:
            raise AtelierError(
                f"{', '.join(broken)} is no finite number any more; training was stopped and the checkpoint before it kept. "
                "Lower the learning rates or raise the penalty in params.yaml, section train."
            )
        now = time.monotonic()
        values[f"{CLOCK}images_per_second"] = self._images / max(now - self._since, 1e-9)
        self.sums, self.steps, self._images, self._since = {}, 0, 0, now
        return values


_METER = "meter/"  # how the names of the meter's sums begin in a checkpoint


def _save(learner: Learner, meter: Meter, checkpoints: Path, images: int) -> None:
    """The learner, and the meter in the middle of its window: the next line of the history must be the same, too."""
    sums = {f"{_METER}{name}": value.cpu() for name, value in meter.sums.items()}
    steps = {f"{_METER}steps": torch.tensor(meter.steps)}
    checkpoint.save(checkpoints, images, {**to_tensors(learner.parts()), **sums, **steps})


def _resume(learner: Learner, meter: Meter, checkpoints: Path) -> int:
    """Take up the last checkpoint, if there is one; return how many pictures had been shown by then."""
    found = checkpoint.load_latest(checkpoints)
    if found is None:
        return 0
    images, tensors = found
    sums = {name.removeprefix(_METER): tensors.pop(name) for name in list(tensors) if name.startswith(_METER)}
    meter.steps, meter.sums = int(sums.pop("steps")), sums
    from_tensors(learner.parts(), tensors)
    print(f"Goes on from the checkpoint at {images / 1000:.1f} kimg in {checkpoints}.")
    return images


def _preview(learner: Learner, folder: Path, images: int, seed: int) -> None:
    """The same codes, drawn by the generator as it stands now."""
    pictures = draw(learner.published()["generator"], learner.latent, _PREVIEW, seed)
    write_png(folder / "samples" / f"kimg-{round(images / 1000):06d}.png", grid(pictures, columns=8, scale=2))


def _passed(before: int, after: int, kimg: float) -> bool:
    """Whether a multiple of `kimg` thousand pictures lies behind `before` and not beyond `after`."""
    return int(before / (1000 * kimg)) != int(after / (1000 * kimg))


def _note(images: int, values: Mapping[str, float]) -> str:
    losses = [f"{name} {value:.3f}" for name, value in values.items() if name.startswith("loss")]
    return "  ".join([f"{images / 1000:.1f} kimg", *losses])


def decayed(done: float, share: float) -> float:
    """The factor on the learning rates when the share `done` of the run lies behind: 1, then in a straight line to 0 over
    the last `share` of it (0: never)."""
    return min(1.0, (1 - done) / share) if share > 0 else 1.0
