"""Step collect: fetch or draw the raw pictures and lay them down, as found, in shards."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ganlib.files import new_folder
from ganlib.pictures.raw import RawSummary
from ganlib.pictures.shards import SUMMARY, read_summary, write_shards
from ganlib.pictures.sources import Source
from ganlib.progress import track
from tasks.cli import run
from tasks.places import RAW
from tasks.record import Record, publish

if TYPE_CHECKING:
    from ganlib.config import Params


def collect(source: Source, out: Path) -> RawSummary:
    """Write every picture of `source` into shards in the folder `out`, which appears whole or not at all."""
    with new_folder(out, SUMMARY) as folder:
        return write_shards(track(source.pictures(), "collect", source.count()), folder, source.source)


def record(params: "Params") -> Record:
    """What the tracker is to hold, from what the step left."""
    summary = read_summary(RAW)
    metrics = {"pictures": summary.pictures, "refused": sum(summary.problems.values())}
    metrics |= {f"refused.{reason}": count for reason, count in summary.problems.items()}
    return Record("collect", asdict(params.collect), metrics, files=[RAW / SUMMARY], writes=[RAW])  # type: ignore[call-overload]


def main() -> None:
    """Read `params.yaml` and collect."""
    description = "Collect the raw pictures that params.yaml names, into shards."
    argparse.ArgumentParser(prog="python -m tasks.collect", description=description).parse_args()
    from ganlib.config import load

    params = load()
    summary = collect(params.collect, RAW)
    print(f"{summary.pictures:,} raw pictures in {RAW}, {sum(summary.problems.values()):,} of them refused.")
    publish(record(params))


if __name__ == "__main__":
    run(main)
