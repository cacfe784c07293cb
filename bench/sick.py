"""Runs that are sick on purpose, and healthy ones, and what is found of each: `python -m bench.sick [NAME ...]`.

Small networks on portraits and shapes of 16 × 16 pixels, some ten seconds each on one thread. The thresholds of the checks
(`ganlib.metrics.diagnosis.thresholds`) were chosen on these runs.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganlib.errors import AtelierError
from ganlib.knobs import build, unknown
from ganlib.methods import METHODS
from ganlib.methods.base import Setting
from ganlib.metrics.diagnosis import Diagnosis, Evidence, diagnose
from ganlib.metrics.diagnosis.onlooker import Onlooker
from ganlib.pictures.decode import Pixels, decode
from ganlib.pictures.sources.portraits import Portraits
from ganlib.training import loop
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine, prepare
from ganlib.training.guard import Diverged
from ganlib.training.history import read
from tasks.cli import run

SIDE, TRAIN, HELDOUT = 16, 3400, 600


@dataclass(frozen=True)
class Heap:
    """Pictures uint8 [N, 16, 16, 3], the held-out ones first, and their labels by name."""

    pictures: Pixels
    labels: Mapping[str, Sequence[str]]

    def learned(self, without: tuple[str, str] | None = None, number: int = TRAIN) -> Pixels:
        """The pictures to learn from: `number` of them, `without` those whose label (name, value) it is."""
        kept = np.arange(HELDOUT, len(self.pictures))
        if without:
            kept = kept[np.array(self.labels[without[0]])[kept] != without[1]]
        return self.pictures[kept[:number]]


@cache
def portraits() -> Heap:
    """Faces, with the colours of hair and skin."""
    drawn = list(Portraits(number=HELDOUT + TRAIN, size=SIDE, seed=1).pictures())
    labels = {name: [str(picture.labels[name]) for picture in drawn] for name in ("hair_colour", "skin_colour")}
    return Heap(np.stack([decode(picture.data) for picture in drawn]), labels)


@cache
def shapes() -> Heap:
    """Discs, squares, crosses and rings on white, each of its own colour, place and size."""
    dice, (y, x) = np.random.default_rng(0), np.mgrid[:SIDE, :SIDE]
    pictures, kinds = np.full((HELDOUT + TRAIN, SIDE, SIDE, 3), 255, np.uint8), []
    for picture in pictures:
        radius = dice.uniform(3, 5.5)
        down, right = (abs(axis - dice.uniform(radius, SIDE - 1 - radius)) for axis in (y, x))
        far, square = np.hypot(down, right), np.maximum(down, right)
        forms = {
            "disc": far <= radius,
            "square": square <= 0.85 * radius,
            "cross": (square <= radius) & (np.minimum(down, right) <= 0.35 * radius),
            "ring": (far <= radius) & (far >= 0.55 * radius),
        }
        kinds.append(str(dice.choice(list(forms))))
        picture[forms[kinds[-1]]] = dice.integers(0, 200, 3)
    return Heap(pictures, {"kind": kinds})


@dataclass(frozen=True)
class Case:
    """A run: its knobs, what it learns from, and what ails it: names of findings, the verdict's first; none if it is healthy."""

    train: TrainConfig
    ails: tuple[str, ...] = ()
    heap: Callable[[], Heap] = portraits
    without: tuple[str, str] | None = None
    number: int = TRAIN


def _case(ails: str = "", kimg: float = 15, decay: float = 0.7, seed: int = 0, **rest: Any) -> Case:
    """A game unless `name` says otherwise; what is no part of a case is a knob of the method."""
    about = {name: rest.pop(name) for name in ("heap", "without", "number") if name in rest}
    name = rest.pop("name", "gan")
    game = {"penalties": {"r1": 0.2}, "penalty_every": 4, "lr_generator": 1e-3, "lr_discriminator": 1e-3} if name == "gan" else {}
    network = {"name": "dcgan", "width": 32, "latent": 32, "max_width": 128}
    knobs = {"network": network, "ema_kimg": 1.0, **game, **rest}
    train = TrainConfig(
        build(METHODS[name], knobs), kimg=kimg, batch=16, decay=decay, seed=seed, log_kimg=0.25, sample_kimg=kimg / 10
    )
    return Case(replace(train, checkpoint_kimg=100), tuple(ails.split()), **about)


def _objective(name: str, **knobs: Any) -> dict[str, Any]:
    return {"objective": {"name": name, **knobs}}


_BEGAN: dict[str, Any] = {"discriminator": "reconstruction", "penalties": {}, "penalty_every": 1, "beta1": 0.5, "kimg": 10}
_AUGMENTED: dict[str, Any] = {"augment": {"kinds": ["colour", "translation", "cutout"]}}

CASES: dict[str, Case] = {
    "portraits": _case(),
    "portraits, another seed": _case(seed=1),
    "shapes": _case(heap=shapes),
    "shapes, another seed": _case(heap=shapes, seed=1),
    "hinge": _case(**_objective("hinge")),
    "least squares": _case(**_objective("leastsquares")),
    "minimax": _case(**_objective("minimax")),
    "relativistic": _case(**_objective("relativistic"), penalties={"r1": 0.1, "r2": 0.1}, penalty_every=1),
    "wasserstein, penalty": _case(**_objective("wasserstein"), penalties={"gradient": 1.0}, penalty_every=1, kimg=10),
    "wasserstein, clipped": _case(**_objective("wasserstein"), penalties={}, clip=0.05),
    "augmented": _case(**_AUGMENTED),
    "200 pictures, augmented": _case(**_AUGMENTED, number=200),
    "nothing averaged": _case(ema_kimg=0.0, decay=0.0),
    "variational": _case(name="vae"),
    "auto-encoder": _case(name="autoencoder"),
    "generator alone": _case(name="glo"),
    "discriminator alone": _case(name="energy", kimg=6),
    "20 pictures": _case("discriminator-overfit", number=20),
    "20 shapes": _case("discriminator-overfit", number=20, heap=shapes),
    "200 pictures": _case("discriminator-overfit", number=200, kimg=25),
    "200 shapes": _case("discriminator-overfit", number=200, kimg=25, heap=shapes),
    "no blond hair": _case("missing-modes", without=("hair_colour", "blond")),
    "no dark skin": _case("missing-modes", without=("skin_colour", "dark")),
    "D's rate 50 times": _case("exploding-gradients", lr_discriminator=0.05),
    "both rates 100 times": _case("exploding-gradients", lr_generator=0.1, lr_discriminator=0.1, decay=0.0),
    "G's rate 500 times": _case("vanishing-gradients discriminator-winning mode-collapse", lr_generator=0.5, decay=0.0),
    "G hardly learns": _case("discriminator-winning mode-collapse", lr_generator=1e-6),
    "D hardly learns": _case("generator-winning mode-collapse", lr_discriminator=1e-6),
    "minimax, D far ahead": _case(
        "vanishing-gradients discriminator-winning mode-collapse",
        **_objective("minimax"),
        penalties={},
        lr_discriminator=4e-3,
        lr_generator=2e-4,
        decay=0.0,
    ),
    "began, little variety": _case("mode-collapse", **_objective("began", gamma=0.05, rate=0.05), **_BEGAN),
    "began, some variety": _case("missing-modes", **_objective("began", gamma=0.75, rate=0.05), **_BEGAN),
    "wasserstein, hardly clipped": _case(
        "exploding-gradients oscillation",
        **_objective("wasserstein"),
        penalties={},
        clip=0.3,
        beta1=0.9,
        ema_kimg=0.0,
        lr_generator=2e-3,
        lr_discriminator=2e-3,
        decay=0.0,
    ),
}


def play(case: Case, folder: Path) -> Evidence:
    """Train as the case says, in `folder`; what it left behind. One that diverged has left it all the same."""
    heap = case.heap()
    pictures, heldout = heap.learned(case.without, case.number), heap.pictures[:HELDOUT]
    watch = Onlooker(heldout, pictures, {name: labels[:HELDOUT] for name, labels in heap.labels.items()})
    machine = Machine("cpu", "float32", 1)
    prepare(machine)
    torch.manual_seed(case.train.seed)
    learner = case.train.method.learner(Setting(SIDE, 3, len(pictures), machine.torch_device, machine.dtype))
    try:
        loop.train(learner, pictures, case.train, machine, folder, heldout, watch)
    except Diverged as reason:
        print(reason)
    return Evidence(read(folder / "history.jsonl"), read(folder / "watch.jsonl"))


def rightly(case: Case, found: Diagnosis) -> bool:
    """Whether a healthy run was not accused, or what ails a sick one was named, its cause first."""
    names = [finding.name for finding in found.findings if finding.harmful]
    return names[:1] == list(case.ails[:1]) and set(case.ails) <= set(names)


def main() -> None:
    """Train, diagnose, show; the exit code is 1 where one was accused wrongly, or not named."""
    parser = argparse.ArgumentParser(prog="python -m bench.sick", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {'; '.join(CASES)}; all where none is named")
    names = parser.parse_args().names or list(CASES)
    for name in names:
        if name not in CASES:
            raise AtelierError(f"{name}: {unknown('run', name, CASES)}; nothing was run.")
    wrong = 0
    print(f"{'run':<30}{'seconds':>8}  found")
    for name in names:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            began = time.process_time()
            found = diagnose(play(CASES[name], Path(folder)))
        right = rightly(CASES[name], found)
        wrong += not right
        shown = ", ".join(finding.name for finding in found.findings)
        print(f"{name:<30}{time.process_time() - began:>8.0f}  {shown}{'' if right else '  WRONG'}", flush=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    run(main)
