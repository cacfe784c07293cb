"""What telling MLflow costs a training: `python -m bench.away`, some three minutes alone on the machine.

The default training on random pictures, in turns: told to nobody; to a store that is there; to a server that is away; to one that
takes connections and never answers. Seconds by the clock, since the process beside it works on the same cores.
"""

import argparse
import contextlib
import io
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch

from bench.row import processor
from ganlib.config import load
from ganlib.files import write_json
from ganlib.methods.base import Setting
from ganlib.training import loop
from ganlib.training.device import choose, prepare
from tasks.cli import run
from tasks.live import Live
from tasks.tracking import store

JSON = Path("metrics/away.json")
KIMG, ROUNDS, NUMBER, SIZE = 6, 3, 4000, 32
MODES = ("nobody", "a store", "away", "silent")


@contextlib.contextmanager
def told_to(mode: str, place: Path) -> Iterator[None]:
    """The variables of the environment under which a training tells MLflow of itself so."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        if mode == "silent":
            silent.listen(100)
        os.environ[store.URI] = f"sqlite:///{place / 'mlflow.db'}" if mode == "a store" else f"http://127.0.0.1:{port}"
        yield
        del os.environ[store.URI]


def once(mode: str, store_place: Path) -> tuple[float, float]:
    """Seconds of the training, and of what comes after it until its process may end."""
    config = replace(load().train, kimg=KIMG)
    machine = choose(config.device, config.precision, config.threads, config.fast)
    prepare(machine)
    torch.manual_seed(0)
    pictures = np.random.default_rng(0).integers(0, 256, (NUMBER, SIZE, SIZE, 3), dtype=np.uint8)
    learner = config.method.learner(Setting(SIZE, 3, NUMBER, machine.torch_device, machine.dtype, fast=machine.fast))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, told_to(mode, store_place):
        quiet = contextlib.redirect_stderr(io.StringIO())
        live = None if mode == "nobody" else Live(Path(folder), {"kimg": KIMG}, []).start()
        with quiet:
            began = time.perf_counter()
            loop.train(learner, pictures, config, machine, Path(folder))
            trained = time.perf_counter()
            if live is not None:
                live.close()
        return trained - began, time.perf_counter() - trained


def main() -> None:
    """Train in turns, print a table, write metrics/away.json."""
    argparse.ArgumentParser(prog="python -m bench.away", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        once("a store", Path(place))  # makes the database, once
        found = {mode: list[tuple[float, float]]() for mode in MODES}
        for _ in range(ROUNDS):
            for mode in MODES:
                found[mode].append(once(mode, Path(place)))
    nobody = [training for training, _ in found["nobody"]]
    rows = []
    print("| told to | seconds | longer, of pairs | closing s |\n| --- | --- | --- | --- |")
    for mode, pairs in found.items():
        longer = [training / alone - 1 for (training, _), alone in zip(pairs, nobody, strict=True)]
        seconds, closing = median(training for training, _ in pairs), median(close for _, close in pairs)
        rows.append(
            {"told_to": mode, "seconds": round(seconds, 2), "longer": round(median(longer), 4), "closing": round(closing, 2)}
        )
        print(f"| {mode} | {seconds:.2f} | {median(longer):+.1%} ({min(longer):+.1%} to {max(longer):+.1%}) | {closing:.1f} |")
    write_json(JSON, {"machine": processor(), "kimg": KIMG, "rounds": ROUNDS, "rows": rows})


if __name__ == "__main__":
    run(main)
