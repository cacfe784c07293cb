"""How costs grow: with pictures, resolution, batch and processes. `python -m bench.scale` measures, fits and draws.

A cost that grows as the x-th power of something has the exponent x: 0 does not grow, 1 grows in proportion, 2 is quadratic.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from bench.race import seconds
from bench.row import processor
from ganlib import ranks
from ganlib.files import write_json
from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Game, Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.curate import curate
from ganlib.pictures.raw import RawPicture
from ganlib.sampling.png import encode_png
from ganlib.training.batches import Batches, dice_for
from tasks.cli import run

JSON, PLOT = Path("metrics/scale.json"), Path("metrics/scale.png")
_SIZE, _BATCH, _STEPS = 32, 16, 8


@dataclass(frozen=True)
class Growth:
    """A cost in seconds at several sizes of what it grows with. most: the exponent that it is claimed not to exceed."""

    name: str
    along: str
    sizes: list[int]
    seconds: list[float]
    most: float

    @property
    def exponent(self) -> float:
        """The slope of a straight line through the logarithms, by least squares."""
        return float(np.polyfit(np.log(self.sizes), np.log(self.seconds), 1)[0])


def reading() -> Growth:
    """A batch of 64, at random places in a store of 32 × 32 pictures; the large ones are files with holes."""

    def cost(number: int) -> float:
        with _virtual(number) as pictures:
            source = Batches(pictures, 64, 0, False, torch.device("cpu"))
            source.at(0, dice_for(0, 0))
            return _least(lambda: [source.at(64 * step, dice_for(0, step)) for step in range(1, 17)]) / 16

    return _grown("read a batch of 64", "pictures", [10_000, 30_000, 100_000, 300_000, 1_000_000], cost, most=0.3)


def ordering() -> Growth:
    """What a new round through the pictures begins with: their order."""

    def cost(number: int) -> float:
        with _virtual(number) as pictures:
            return _least(lambda: Batches(pictures, 64, 0, False, torch.device("cpu")).at(0, dice_for(0, 0)))

    return _grown("begin a round", "pictures", [100_000, 300_000, 1_000_000, 3_000_000], cost, most=1.3)


def curating() -> Growth:
    """Raw pictures of 64 × 64 to a data set of 32 × 32: decoded, compared, split, written."""

    def cost(number: int) -> float:
        dice = np.random.default_rng(0)
        raw = [RawPicture(f"{row}.png", encode_png(dice.integers(0, 256, (64, 64, 3), np.uint8))) for row in range(number)]
        with tempfile.TemporaryDirectory() as folder:
            return seconds(lambda: curate(CurateConfig(), raw, Path(folder)))

    cost(16)  # what is imported once
    return _grown("curate", "pictures", [500, 1000, 2000, 4000, 8000], cost, most=1.2)


def resolution() -> Growth:
    """A step of the default pair on 16 pictures. Each doubling of the side adds a level of layers that costs as much as the one
    before: products grow as side² × levels, and levels from 2 to 5 here, to the power 0.44 of the side."""
    return _grown("step", "pixels a side", [16, 32, 64, 128], lambda size: _step(size, _BATCH), most=2.45)


def batch() -> Growth:
    """A step of the default pair at 32 × 32."""
    return _grown("step", "pictures a batch", [4, 8, 16, 32, 64], lambda number: _step(_SIZE, number), most=1.1)


def weak_scaling(number: int = 2) -> float:
    """How much of `number` processes' speed is left, each with as many pictures a step as one alone has: 1 is all."""
    alone, together = _trained(1), _trained(number)
    return alone / together


def _trained(processes: int) -> float:
    """Seconds by the clock of a step, the best of some, on one thread a process."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if processes > 1 else []
    command = [sys.executable, *launcher, "-m", "bench.scale", "--step"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return float(output.split()[-1])


def _timed_step() -> None:
    """What the processes of `_trained` do; the first one prints the seconds."""
    torch.set_num_threads(1)
    with ranks.together("cpu"):
        step = _stepper(64, 64)
        step()
        best = float("inf")
        for _ in range(_STEPS):
            ranks.wait_for_all()
            start = time.perf_counter()
            step()
            ranks.wait_for_all()
            best = min(best, time.perf_counter() - start)
        print(best)


def _step(size: int, number: int) -> float:
    step = _stepper(size, number)
    step()
    return _least(step)


def _stepper(size: int, number: int) -> Callable[[], object]:
    torch.manual_seed(0)
    game: Game = Gan(network=Dcgan()).learner(Setting(size, 3, number, torch.device("cpu"), torch.float32))
    real, dice = torch.rand(number, 3, size, size) * 2 - 1, torch.Generator().manual_seed(0)
    return lambda: game.step(Batch(real, torch.arange(number), dice, number * ranks.world()))


def _grown(name: str, along: str, sizes: Sequence[int], cost: Callable[[int], float], most: float) -> Growth:
    found = []
    for size in sizes:
        found.append(cost(size))
        print(f"{name}, {size:,} {along}: {found[-1]:.4f} s", file=sys.stderr)
    return Growth(name, along, list(sizes), found, most)


@contextmanager
def _virtual(number: int) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """A memory-mapped store of so many pictures that takes no room on the disk."""
    with tempfile.NamedTemporaryFile() as file:
        os.truncate(file.name, number * _SIZE * _SIZE * 3)
        yield np.memmap(file.name, np.uint8, "r", shape=(number, _SIZE, _SIZE, 3))


def _least(work: Callable[[], object]) -> float:
    return min(seconds(work) for _ in range(3))


def draw(growths: Sequence[Growth]) -> None:
    """Each cost against its size, on logarithmic axes."""
    figure = Figure(figsize=(4 * len(growths), 3.6), layout="constrained")
    for axes, growth in zip(np.atleast_1d(figure.subplots(1, len(growths))), growths, strict=True):
        axes.loglog(growth.sizes, growth.seconds, "o-")
        axes.set_xticks(growth.sizes, [f"{size:,}" for size in growth.sizes], rotation=30)
        axes.xaxis.set_minor_formatter(NullFormatter())
        middle = float(np.sqrt(max(growth.seconds) * min(growth.seconds)))
        axes.set_ylim(min(middle / 10, min(growth.seconds) / 2), max(middle * 10, max(growth.seconds) * 2))
        axes.set(title=f"{growth.name}: exponent {growth.exponent:.2f}", xlabel=growth.along, ylabel="seconds of processor time")
        axes.grid(alpha=0.3)
    figure.savefig(PLOT, dpi=110)


def main() -> None:
    """Measure, fit, draw; the exit code is 1 where a cost grows faster than is claimed."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--step", action="store_true", help="only time a step: what this starts for each of several processes")
    if parser.parse_args().step:
        _timed_step()
        return
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    growths = [reading(), ordering(), curating(), resolution(), batch()]
    efficiency = weak_scaling()
    for growth in growths:
        missed = "" if growth.exponent <= growth.most else "  MISSED"
        print(f"{growth.name:<20} along {growth.along:<18} exponent {growth.exponent:5.2f}, claimed {growth.most:g}{missed}")
    print(f"two processes, twice the pictures: {efficiency:.0%} of twice the speed, claimed 85%")
    rows = [{**asdict(growth), "exponent": round(growth.exponent, 3)} for growth in growths]
    write_json(JSON, {"machine": processor(), "growth": rows, "weak_scaling_2": round(efficiency, 3)})
    draw(growths)
    print(f"{JSON}, {PLOT}")
    sys.exit(not (efficiency >= 0.85 and all(growth.exponent <= growth.most for growth in growths)))


if __name__ == "__main__":
    run(main)
