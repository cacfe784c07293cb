"""Train the generator: `python -m tasks.train` reads the data set and leaves artifacts/model."""

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from tasks import places
from tasks.cli import run
from tasks.record import Record

if TYPE_CHECKING:
    from ganlib.config import Params


def record(params: "Params") -> Record:
    """What MLflow is to hold of the training whose model lies in artifacts/model."""
    from ganlib.training.history import read

    last = read(places.MODEL / "history.jsonl")[-1]
    numbers = {name: value for name, value in last.items() if isinstance(value, (int, float))}
    files = [places.MODEL / "model.json", places.MODEL / "history.jsonl"]
    return Record("train", asdict(params.train), numbers, files, reads=[places.DATASET], writes=[places.MODEL])


def main() -> None:
    """Read params.yaml, train, tell MLflow all the while."""
    argparse.ArgumentParser(prog="python -m tasks.train", description=__doc__).parse_args()
    from ganlib.config import load
    from ganlib.pictures.store import Store
    from ganlib.training.publish import train

    params = load()
    store = Store.open(places.DATASET)
    done = train(store, params.train, places.MODEL, places.RUNS)
    if done.stopped_by is not None:
        print(f"Stopped at {done.images / 1000:.1f} kimg with a checkpoint; the same command goes on from there.", file=sys.stderr)
        sys.exit(128 + done.stopped_by)
    print(f"Model in {places.MODEL}, after {done.images / 1000:.1f} kimg.")


if __name__ == "__main__":
    run(main)
