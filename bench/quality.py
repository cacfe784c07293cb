"""Whether the fast paths cost quality: `python -m bench.quality` trains the same twice, with and without, and compares.

Rounding alone differs, but a game is chaotic: after some hundred steps two runs are different ones that must be equally good.
So losses are compared early, scores at the end, the latter within twice the error of their difference.
"""

import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from math import hypot
from pathlib import Path

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
_METHOD = Gan(network=Resnet(latent=64, width=32, max_width=64), objective=Hinge(), penalties={})  # all its layers are joined
_EARLY, _KIMG, _BATCH = 200, 10.0, 16  # steps, thousands of pictures, pictures a step
_APART = 0.05  # of losses that are about 1, over the first steps
_NUMBER = 1000


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


def trained(store: Store, config: TrainConfig, folder: Path) -> tuple[dict[str, float], list[Score]]:
    """Mean losses over the first steps, and the scores at the end."""
    run_folder = train(store, config, folder / "model", folder / "runs").run
    first = [line for line in read(run_folder / "history.jsonl") if line["images"] <= _EARLY * _BATCH]
    losses = {name: sum(line[name] for line in first) / len(first) for name in ("loss_d", "loss_g")}
    drawn = draw(load_model(folder / "model").generator, config.method.network.latent, _NUMBER, seed=0)
    return losses, evaluate(drawn, store.heldout, store.train, EvaluateConfig(number=_NUMBER))


def main() -> None:
    """Train, compare, keep; the exit code is 1 where one of the two is clearly better."""
    store, machine = Store.open(DATASET), choose("auto", "auto", 0)
    config = TrainConfig(method=_METHOD, kimg=_KIMG, batch=_BATCH, log_kimg=0.8, sample_kimg=_KIMG)
    with tempfile.TemporaryDirectory() as folder:
        (losses, scores), (plain_losses, plain_scores) = (
            trained(store, replace(config, fast=fast), Path(folder) / str(fast)) for fast in (True, False)
        )
    early = [Pair(f"{name}, first {_EARLY} steps", value, plain_losses[name], _APART) for name, value in losses.items()]
    both = zip(scores, plain_scores, strict=True)
    late = [Pair(score.name, score.value, plain.value, 2 * hypot(score.error, plain.error)) for score, plain in both]
    print(f"{'':<28}{'fast':>10}{'plain':>10}{'apart':>10}{'allowed':>10}")
    for pair in [*early, *late]:
        apart = abs(pair.fast - pair.plain)
        missed = "" if pair.alike else "  MISSED"
        print(f"{pair.name:<28}{pair.fast:>10.4g}{pair.plain:>10.4g}{apart:>10.2g}{pair.allowed:>10.2g}{missed}")
    where = f"{processor()}, {machine.describe()}"
    write_json(JSON, {"machine": where, "kimg": _KIMG, "rows": [asdict(pair) for pair in [*early, *late]]})
    sys.exit(not all(pair.alike for pair in [*early, *late]))


if __name__ == "__main__":
    run(main)
