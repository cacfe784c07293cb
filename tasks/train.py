"""Train the generator: `python -m tasks.train` reads the data set and leaves artifacts/model."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tasks import diagnosis, places
from tasks.cli import run
from tasks.record import Record, publish

if TYPE_CHECKING:
    from ganlib.config import Params


def record(params: "Params") -> Record:
    """What MLflow is to hold of the training whose model lies in artifacts/model."""
    from ganlib.metrics.diagnosis import diagnose
    from ganlib.pictures.store import Store
    from ganlib.training.history import read
    from ganlib.training.publish import run_for

    history = places.MODEL / "history.jsonl"
    return Record(
        "train",
        asdict(params.train),
        _numbers(read(history)),
        files=[places.MODEL / "model.json", history, places.MODEL / "watch.jsonl"],
        reads=[places.DATASET],
        writes=[places.MODEL],
        history=history,
        pictures=sorted((places.MODEL / "samples").glob("*.png")),
        model=places.MODEL,
        run_folder=run_for(Store.open(places.DATASET, verify=False), params.train, places.RUNS)[0],
        tags={diagnosis.TAG: diagnose(diagnosis.evidence(places.MODEL)).verdict},
    )


def _numbers(lines: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The last ones up to where the model was published: with patience that is where it was best, and curves go on from there.

    Then they have names of their own, for MLflow shows of a curve its last point.
    """
    line = [line for line in lines if line["kimg"] <= _kimg()][-1]
    prefix = "" if line is lines[-1] else "published/"
    return {prefix + name: value for name, value in line.items() if isinstance(value, (int, float)) and name != "images"}


def _kimg() -> float:
    """How many thousand pictures the published model was trained with."""
    return float(json.loads((places.MODEL / "model.json").read_text(encoding="utf-8"))["kimg"])


def main() -> None:
    """Read params.yaml, train, tell MLflow all the while."""
    argparse.ArgumentParser(prog="python -m tasks.train", description=__doc__).parse_args()
    from ganlib import ranks
    from ganlib.config import load
    from ganlib.metrics.diagnosis import diagnose
    from ganlib.metrics.diagnosis.onlooker import Onlooker
    from ganlib.pictures.store import Store
    from ganlib.training.publish import run_for, train
    from tasks.live import Live

    params = load()
    store = Store.open(places.DATASET)
    folder, _ = run_for(store, params.train, places.RUNS)
    with Live(folder, asdict(params.train), [places.DATASET]) if ranks.leads() else nullcontext():
        done = train(store, params.train, places.MODEL, places.RUNS, Onlooker.of(store))
        if done.stopped_by is not None:
            shown = f"{done.images / 1000:.1f} kimg"
            if not ranks.leads():
                return  # torchrun takes the first failure of one for a reason to end the others at once
            print(f"Stopped at {shown} with a checkpoint; the same command goes on from there.", file=sys.stderr)
            sys.exit(128 + done.stopped_by)
    if not ranks.leads():
        return
    print(f"Model in {places.MODEL}, after {_kimg():.1f} kimg.")
    print(diagnosis.lines(diagnose(diagnosis.evidence(places.MODEL))))
    publish(record(params))


if __name__ == "__main__":
    run(main)
