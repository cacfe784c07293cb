"""Whether the fast paths cost quality: `python -m bench.quality` trains the same with and without, from several seeds each.

Rounding alone differs, but a game is chaotic: it makes a last digit's difference grow until two runs are different ones that must
be equally good. So losses are compared early, run by run, with what rounding does to them where nothing is computed another way:
the plain form once on one thread and once on two, which add in another order. Scores are compared at the end, by their means
over the seeds.
"""

import argparse
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from math import hypot
from pathlib import Path
from statistics import mean, stdev

from bench.row import processor
from ganlib.files import write_json
from ganlib.methods.gan import Gan
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.evaluate import evaluate
from ganlib.metrics.fingerprint import Score
from ganlib.nets.resnet import Resnet
from ganlib.objectives.hinge import Hinge
from ganlib.pictures.store import Store
from ganlib.sampling.draw import draw
from ganlib.sampling.model import load_model
from ganlib.training.config import TrainConfig
from ganlib.training.device import choose
from ganlib.training.history import read
from ganlib.training.publish import train
from tasks.cli import run
from tasks.places import DATASET

JSON = Path("metrics/quality.json")
_METHOD = Gan(
    network=Resnet(latent=64, width=32, max_width=64), objective=Hinge(), penalties={"r1": 0.5}
)  # all its layers are joined
_EARLY, _KIMG, _BATCH = 200, 5.0, 16  # steps, thousands of pictures, pictures a step
_APART = 3.18  # standard deviations a difference of mean 0 may have, 19 times in 20 (Student's t, three of them measured)
_NUMBER, _SEEDS = 1000, (0, 1, 2)
_SPREADS = 2.8  # standard errors that two means of three may be apart, 19 times in 20 (Student's t with 4 degrees of freedom)


@dataclass(frozen=True)
class Pair:
    """One number of both trainings, and how far apart the two may be."""

    name: str
    fast: float
    plain: float
    allowed: float

    @property
    def alike(self) -> bool:
        return abs(self.fast - self.plain) <= self.allowed


def early(store: Store, config: TrainConfig, folder: Path) -> dict[str, float]:
    """Train; the mean losses over the first steps."""
    run_folder = train(store, config, folder / "model", folder / "runs").run
    first = [line for line in read(run_folder / "history.jsonl") if line["images"] <= _EARLY * _BATCH]
    return {name: sum(line[name] for line in first) / len(first) for name in ("loss_d", "loss_g")}


def scored(store: Store, config: TrainConfig, folder: Path) -> list[Score]:
    """What the model is worth that a training left there."""
    drawn = draw(load_model(folder / "model").generator, config.method.network.latent, _NUMBER, seed=0)
    return evaluate(drawn, store.heldout, store.train, EvaluateConfig(number=_NUMBER))


def compared(store: Store, config: TrainConfig, folder: Path) -> list[Pair]:
    """All losses of all seeds, and the means of the scores."""
    losses: dict[str, list[dict[str, float]]] = {"fast": [], "plain": [], "rounded": []}
    scores: dict[str, list[dict[str, float]]] = {"fast": [], "plain": []}
    brief = replace(config, kimg=_EARLY * _BATCH / 1000, sample_kimg=_KIMG)
    for seed in _SEEDS:
        for way in scores:
            there = folder / f"{seed}-{way}"
            losses[way].append(early(store, replace(config, fast=way == "fast", seed=seed), there))
            scores[way].append({score.name: score.value for score in scored(store, config, there)})
        losses["rounded"].append(early(store, replace(brief, threads=2, seed=seed), folder / f"{seed}-rounded"))
    return early_pairs(losses) + late_pairs(scores)


def early_pairs(losses: dict[str, list[dict[str, float]]]) -> list[Pair]:
    """Fast and plain, seed by seed, allowed to be apart as far as chance takes what only rounds otherwise ("rounded")."""
    pairs = []
    for name in losses["plain"][0]:
        fast, plain, rounded = ([found[name] for found in losses[way]] for way in ("fast", "plain", "rounded"))
        noise = mean((a - b) ** 2 for a, b in zip(plain, rounded, strict=True)) ** 0.5
        rows = zip(_SEEDS, fast, plain, strict=True)
        pairs += [Pair(f"{name}, seed {seed}", ours, theirs, _APART * noise) for seed, ours, theirs in rows]
    return pairs


def late_pairs(scores: dict[str, list[dict[str, float]]]) -> list[Pair]:
    """Means over the seeds, allowed to be apart as far as chance takes the mean of so few."""
    pairs = []
    for name in scores["plain"][0]:
        fast, plain = ([found[name] for found in scores[way]] for way in ("fast", "plain"))
        error = hypot(stdev(fast), stdev(plain)) / len(_SEEDS) ** 0.5
        pairs.append(Pair(name, mean(fast), mean(plain), _SPREADS * error))
    return pairs


def main() -> None:
    """Train, compare, keep; the exit code is 1 where one of the two is clearly better."""
    argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__).parse_args()
    store, machine = Store.open(DATASET), choose("auto", "auto", 1, fast=False)
    config = TrainConfig(method=_METHOD, kimg=_KIMG, batch=_BATCH, log_kimg=0.8, sample_kimg=_KIMG, threads=1, fast=False)
    with tempfile.TemporaryDirectory() as folder:
        pairs = compared(store, config, Path(folder))
    print(f"{'':<28}{'fast':>10}{'plain':>10}{'apart':>10}{'allowed':>10}")
    for pair in pairs:
        apart = abs(pair.fast - pair.plain)
        missed = "" if pair.alike else "  MISSED"
        print(f"{pair.name:<28}{pair.fast:>10.4g}{pair.plain:>10.4g}{apart:>10.2g}{pair.allowed:>10.2g}{missed}")
    where = f"{processor()}, {machine.describe()}"
    write_json(JSON, {"machine": where, "kimg": _KIMG, "rows": [asdict(pair) for pair in pairs]})
    sys.exit(not all(pair.alike for pair in pairs))


if __name__ == "__main__":
    run(main)
