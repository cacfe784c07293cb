"""The pictures of a preset that has its own: `python -m tasks.dataset compare/lucic` collects and curates in one."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ganlib.errors import AtelierError
from tasks.cli import run
from tasks.curate import curate, table
from tasks.places import DATASET
from tasks.presets import under_one_parent
from tasks.record import Record, publish

if TYPE_CHECKING:
    from ganlib.comparison.config import Preset
    from ganlib.pictures.store import Store


def dataset(folder: Path, preset: "Preset") -> "Store":
    """Make the data set of the preset in `folder`. Raises `AtelierError` where it names no pictures of its own."""
    if preset.collect is None or preset.curate is None:
        raise AtelierError(f"{folder}: expected collect and curate in its params.yaml, found neither; it takes {DATASET}.")
    source = preset.collect
    return curate(preset.curate, source.pictures(), source.count(), preset.dataset(folder, DATASET))


def record(folder: Path, preset: "Preset") -> Record:
    """What MLflow is to hold of the data set that lies there."""
    from ganlib.pictures.store import INFO, Store
    from ganlib.pictures.verdicts import NAME as VERDICTS

    place = preset.dataset(folder, DATASET)
    info = Store.open(place, verify=False).info
    knobs = {"preset": folder.name, **{name: asdict(preset)[name] for name in ("collect", "curate")}}
    numbers = {name: float(info[name]) for name in ("kept", "train", "heldout")}
    return Record("dataset", knobs, numbers, [place / INFO, place / VERDICTS], writes=[place])


def main() -> None:
    """Collect and curate what the preset names."""
    parser = argparse.ArgumentParser(prog="python -m tasks.dataset", description=__doc__)
    parser.add_argument("preset", type=Path, help="the preset's folder: compare/lucic")
    parser.add_argument("--tell", action="store_true", help="make nothing; tell MLflow what lies there")
    args = parser.parse_args()
    from ganlib.comparison.config import load_preset

    preset = load_preset(args.preset)
    under_one_parent(args.preset)
    if not args.tell:
        print(table(dataset(args.preset, preset), preset.dataset(args.preset, DATASET)))
    publish(record(args.preset, preset))


if __name__ == "__main__":
    run(main)
