"""What one GPU makes of it: `python -m bench.gpu [DATASET]`, meant to end within eight minutes.

First the steps: peers' eager ones in float32 against ours, in turns, after both were found to compute the same. Peers choose
their convolutions by trial (`cudnn.benchmark`), as they do; ours are computed as in a training, the same from run to run. Then a
training on the data set, and what came of it: scores where their packages are there, and a grid. Of the project's packages it
needs torch, numpy, pandas, pyarrow, safetensors and Pillow. What it asks of the ratios is what is aimed at.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from bench.ceiling import gflop
from bench.claim import Claim, NotTheSame
from bench.claims import steps
from bench.race import Lap
from bench.row import Row, as_json, table
from ganlib.errors import AtelierError
from ganlib.files import write_json
from ganlib.methods.gan import Gan
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.evaluate import evaluate
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.store import Store
from ganlib.progress import Progress
from ganlib.sampling.draw import draw
from ganlib.sampling.grid import grid
from ganlib.sampling.model import load_model
from ganlib.sampling.png import write_png
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine, prepare
from ganlib.training.guard import NotFinite
from ganlib.training.history import read, seconds
from ganlib.training.publish import train
from tasks.cli import run

_ROUNDS, _STEPS, _LAP = 5, 20, 1.0  # steps a lap, or as many as the peer takes in so many seconds
_AT_LEAST = {"dcgan-64": 5.0, "sngan-32": 4.0, "sngan-64": 4.0, "r3gan-64": 2.0}
_PEERS = {"dcgan-64": "pytorch/examples", "r3gan-64": "its own plain form, eager, float32"}
_WARM = 5  # steps of ours before time is taken: more than it takes one at a time before it replays them
_METHOD = Gan(
    network=Dcgan(width=64, latent=128), penalties={"r1": 0.2}, penalty_every=4, lr_generator=5e-4, lr_discriminator=5e-4
)


def claims(device: str) -> list[Claim]:
    """Every step in float32 (convolutions in TF32, as torch does by itself) and in bf16; what is claimed is claimed for bf16."""
    prepared: Mapping[str, Callable[[torch.dtype, str], Any]] = {
        "dcgan-64": steps.dcgan_64,
        "sngan-32": partial(steps.sngan_at, 32),
        "sngan-64": partial(steps.sngan_at, 64),
        "r3gan-64": steps.r3gan_64,
    }
    modes = {"float32": torch.float32, "bf16": torch.bfloat16}
    return [
        Claim(
            name,
            mode,
            _PEERS.get(name, "mimicry, StudioGAN"),
            _AT_LEAST[name] if mode == "bf16" else 1.0,
            partial(prepare, dtype, device),
        )
        for name, prepare in prepared.items()
        for mode, dtype in modes.items()
    ]


def measured(claim: Claim, peak: float) -> Row:
    """The claim's row. peak: TFLOP/s of a large matrix product in its mode."""
    contest = claim.prepare()
    work = gflop(contest.ours) / 1000 if contest.counted else None  # now: what is replayed cannot be counted
    lap = Lap([], [])
    _timed(contest.ours, _WARM)
    with as_peers_run():
        _timed(contest.peer, 3)
        steps = max(2, min(_STEPS, int(_LAP / _timed(contest.peer, 2))))
    for _ in range(_ROUNDS):
        with as_peers_run():
            lap.peer.append(_timed(contest.peer, steps))
        lap.ours.append(_timed(contest.ours, steps))
    contest.check()
    fraction = work / lap.seconds / peak if work else None
    least, most = lap.spread
    return Row(claim.name, claim.mode, claim.peer, lap.ratio, least, most, claim.at_least, lap.seconds, fraction, contest.same)


@contextmanager
def as_peers_run() -> Iterator[None]:
    """Convolutions by whichever way was found quickest in a trial, repeatable or not; ours are prepared as a training is."""
    before = torch.backends.cudnn.benchmark, torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before[0]
        torch.use_deterministic_algorithms(before[1], warn_only=True)


def peak_of(dtype: torch.dtype, device: str, side: int = 8192) -> float:
    """TFLOP/s of a product of two large matrices, the best of some tries; float32 in TF32, as convolutions have it."""
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        return 2 * side**3 / 1e12 / min(_timed(lambda: a @ b, 3) for _ in range(5))
    finally:
        torch.set_float32_matmul_precision(before)


def trained(store: Store, kimg: float, out: Path) -> dict[str, Any]:
    """Train on the data set; leaves the model and a grid in `out`. Says pictures a second, and scores where they can be had."""
    config = TrainConfig(method=_METHOD, kimg=kimg, decay=0.7, log_kimg=min(5, kimg), sample_kimg=250, checkpoint_kimg=250)
    run = train(store, config, out / "model", out / "runs").run
    generator = load_model(out / "model").generator
    number = min(1500, len(store.heldout))
    drawn = draw(generator, _METHOD.network.latent, number, seed=0)
    write_png(out / "grid.png", grid(drawn[:64], columns=8, scale=2))
    found: dict[str, Any] = {"kimg": kimg, "pictures_per_second": round(1000 * kimg / seconds(read(run / "history.jsonl")))}
    try:
        scores = evaluate(drawn, store.heldout, store.train, EvaluateConfig(number=number))
    except AtelierError as error:
        print(f"Not scored: {error}")
        return found
    return found | {
        "scores": {score.name: {"value": score.value, "error": score.error, "floor": score.floor} for score in scores}
    }


def _timed(work: Callable[[], object], times: int) -> float:
    """Seconds of one of so many, by the clock, from a device that has nothing to do until it is done with them."""
    _wait()
    start = time.perf_counter()
    for _ in range(times):
        work()
    _wait()
    return (time.perf_counter() - start) / times


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def main() -> None:
    """Measure, train, keep; the exit code is 1 where a claim does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("dataset", nargs="?", type=Path, default=Path("artifacts/dataset"), help="a data set that curate made")
    parser.add_argument("--out", type=Path, default=Path("build/gpu"), help="where gpu.json, grid.png and the model go")
    parser.add_argument("--kimg", type=float, default=2000.0, help="how long the training is")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        raise AtelierError("Expected a GPU, found none; nothing was measured. On the CPU `make bench` measures.")
    store = Store.open(args.dataset)
    prepare(Machine("cuda", "bf16", torch.get_num_threads()))
    name = torch.cuda.get_device_name()
    peaks = {"float32": peak_of(torch.float32, "cuda"), "bf16": peak_of(torch.bfloat16, "cuda")}
    print(f"Ceiling on {name}: matrix product {peaks['float32']:.0f} TFLOP/s in TF32, {peaks['bf16']:.0f} in bf16.")
    rows, kept = [], {"machine": name, "torch": torch.__version__, "peaks": peaks}
    with Progress("bench", len(claims("cuda")), "claims") as progress:
        for claim in claims("cuda"):
            try:
                rows.append(measured(claim, peaks[claim.mode]))
            except (NotTheSame, NotFinite) as different:
                raise AtelierError(f"{claim.name}, {claim.mode}: {different}") from None
            write_json(args.out / "gpu.json", {**kept, "steps": [as_json(row, name) for row in rows]})
            progress.advance(1)
    print(table(rows, {}))
    result = trained(store, args.kimg, args.out)
    write_json(args.out / "gpu.json", {**kept, "steps": [as_json(row, name) for row in rows], "training": result})
    print(f"{result}\n{args.out / 'gpu.json'}, {args.out / 'grid.png'}")
    sys.exit(not all(row.holds for row in rows))


if __name__ == "__main__":
    run(main)
