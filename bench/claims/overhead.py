"""What training does besides its steps: reading, counting, drawing previews, keeping checkpoints, telling a person; looking."""

import contextlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.claim import Contest
from bench.places import temporary
from ganlib.knobs import build
from ganlib.methods.base import Batch, Learner, Setting
from ganlib.methods.gan import Gan
from ganlib.metrics.diagnosis.onlooker import Onlooker
from ganlib.training import loop
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine
from ganlib.training.watch import Lookout

_SIZE, _NUMBER, _KIMG, _STEPS = 32, 8500, 10, 40

#: As params.yaml trains by default.
_GAME: Gan = build(Gan, {"penalties": {"r1": 0.2}, "penalty_every": 4, "lr_generator": 5e-4, "lr_discriminator": 5e-4})
_CONFIG = TrainConfig(_GAME, kimg=_KIMG, batch=16, decay=0.7)


class Idle:
    """A learner whose steps have been done already."""

    def __init__(self, learner: Learner, seen: dict[str, Tensor]) -> None:
        self.learner, self.seen = learner, seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self.learner, name)

    def step(self, batch: Batch) -> dict[str, Tensor]:
        return self.seen


def besides_steps() -> Contest:
    """10 kimg at 32 × 32 with the default knobs: the steps (40 of the 625 are timed), against the rest of the run.

    That is the processor's time, that of the thread which writes checkpoints included.
    """
    store = temporary() / "pictures.npy"
    np.save(store, np.random.default_rng(0).integers(0, 256, (_NUMBER, _SIZE, _SIZE, 3), dtype=np.uint8))
    pictures = np.load(store, mmap_mode="r")
    torch.manual_seed(0)
    learner = _GAME.learner(Setting(_SIZE, 3, _NUMBER, torch.device("cpu"), torch.float32))
    real, rows, dice = torch.rand(_CONFIG.batch, 3, _SIZE, _SIZE) * 2 - 1, torch.arange(_CONFIG.batch), torch.Generator()

    def step(number: int) -> dict[str, Tensor]:
        return learner.step(Batch(real, rows, dice, number * _CONFIG.batch))

    idle = Idle(learner, step(0))

    def rest() -> None:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, contextlib.redirect_stderr(io.StringIO()):
            loop.train(idle, pictures, _CONFIG, Machine("cpu", "float32", 1), Path(folder))

    return _against_steps(step, rest)


def looking() -> Contest:
    """The steps between two looks (10 kimg), against one look: drawing 256 pictures, judging as many of each kind, scoring.

    What is computed of real pictures, once a run, has been done already.
    """
    dice = np.random.default_rng(0)
    train, heldout = (dice.integers(0, 256, (256, _SIZE, _SIZE, 3), dtype=np.uint8) for _ in range(2))
    torch.manual_seed(0)
    learner = _GAME.learner(Setting(_SIZE, 3, _NUMBER, torch.device("cpu"), torch.float32))
    real, rows, rolled = torch.rand(_CONFIG.batch, 3, _SIZE, _SIZE) * 2 - 1, torch.arange(_CONFIG.batch), torch.Generator()
    lookout = Lookout(learner, train, heldout, 0, temporary(), Onlooker(heldout, train))
    lookout.look(0, 0.0)
    return _against_steps(
        lambda number: learner.step(Batch(real, rows, rolled, number * _CONFIG.batch)), lambda: lookout.look(16, 0.1)
    )


def _against_steps(step: Callable[[int], object], rest: Callable[[], object]) -> Contest:
    """Some of the steps of 10 kimg against something that is done once in them."""
    steps = 1000 * _KIMG / _CONFIG.batch
    return Contest(
        lambda: [step(number) for number in range(1, _STEPS + 1)],
        rest,
        "every step is one of the same run",
        times=steps / _STEPS,
        counted=False,
    )
