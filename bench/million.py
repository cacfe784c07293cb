"""Whether a million pictures can be curated here: `python -m bench.million` measures 10,000, 30,000 and 100,000 drawn portraits.

Each size is drawn, curated by a process of its own, and then once more with one picture in a hundred added, as on another night;
time by the clock, with all cores. Memory is what the process has for itself alone: pages of files, which the system takes back
when it needs them, are not counted. What a million would take is read off straight lines through the logarithms.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from bench.row import processor
from ganlib.files import write_json
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.curate import curate
from ganlib.pictures.duplicates.index import EXACT, Cells
from ganlib.pictures.duplicates.synthetic import WAYS
from ganlib.pictures.duplicates.tangent import describe, squared_distances
from ganlib.pictures.neighbours import nearest
from ganlib.pictures.shards import read_shards, write_shards
from ganlib.pictures.shelf import Rows
from ganlib.pictures.shelves import open_shelf
from ganlib.pictures.sources.portraits import Portraits
from tasks.cli import run

JSON = Path("metrics/million.json")
SIZES = (10_000, 30_000, 100_000)
_MILLION, _HOURS, _GIGABYTES, _RECALL = 1_000_000, 2.0, 8.0, 0.99
_NEW, _COPIED, _NEAREST = 0.01, 300, 4


@dataclass(frozen=True)
class Measured:
    """Of one size: minutes by the clock, the first night and the next one; gigabytes; of the copies that an exact search finds,
    the share that the index finds, None where there is no index."""

    pictures: int
    minutes: float
    next_night: float
    gigabytes: float
    set_aside: int
    recall: float | None


def measured(number: int) -> Measured:
    """Draw, curate, curate again, search."""
    with TemporaryDirectory(prefix="bench-") as place:
        raw, memory = Path(place, "raw"), Path(place, "memory")
        raw.mkdir()
        more = number + round(_NEW * number)
        write_shards(Portraits(number=more, size=64, seed=3).pictures(), raw)
        first, second = (_curated(raw, some, memory, Path(place, str(some))) for some in (number, more))
        recall = _recall(memory) if number > EXACT else None
    most = max(first["bytes"], second["bytes"])
    return Measured(number, first["seconds"] / 60, second["seconds"] / 60, most / 1e9, int(first["aside"]), recall)


def _curated(raw: Path, number: int, memory: Path, out: Path) -> dict[str, float]:
    out.mkdir()
    command = [sys.executable, "-m", "bench.million", "--one", str(raw), str(number), str(memory), str(out)]
    return dict(json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1]))


def _one(raw: str, number: str, memory: str, out: str) -> None:
    """What the process of `_curated` does; it prints what that asks for."""
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.2):
            status = Path("/proc/self/status").read_text(encoding="utf-8")
            most = max(most, int(status.split("RssAnon:")[1].split()[0]) * 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    store = curate(CurateConfig(), islice(read_shards(Path(raw)), int(number)), Path(out), memory=Path(memory))
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    print(json.dumps({"seconds": seconds, "bytes": most, "aside": sum(store.info["set_aside"].values())}))


def _recall(memory: Path) -> float:
    """Copies of some of the pictures are put among all; which of them find their originals?"""
    with open_shelf(CurateConfig().form, memory) as shelf:
        known, views = torch.from_numpy(np.array(shelf["descriptor"].mapped)), shelf["view"].mapped
        originals = np.random.default_rng(0).choice(len(known), _COPIED, replace=False)
        copies = torch.cat([describe(np.stack([way(views[row]) for row in originals])) for way in WAYS])
    everything = torch.cat([known, copies])
    points = everything[:, 0].contiguous()
    rows = np.arange(len(everything))
    asking = rows[len(known) :]

    def distances(queries: Rows, references: Rows) -> torch.Tensor:
        return squared_distances(everything[asking[queries]], points[references])

    order = rows.astype(np.uint64)
    cells = Cells(points.numpy(), np.random.default_rng(1).permutation(len(points)))
    exact = nearest(asking, rows, order, _NEAREST, distances, None)
    by_index = nearest(asking, rows, order, _NEAREST, distances, None, cells.tiles(points[asking].numpy()))
    own = np.tile(originals, len(WAYS))[:, None]
    found = (exact.near[:, :_NEAREST] == own).any(axis=1)
    return float((by_index.near[found, :_NEAREST] == own[found]).any(axis=1).mean())


def of_a_million(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """Read off the straight line through the logarithms, by least squares."""
    exponent, start = np.polyfit(np.log(sizes), np.log(costs), 1)
    return float(np.exp(start + exponent * np.log(_MILLION)))


def _rounded(values: dict[str, float | None]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items() if value is not None}


def main() -> None:
    """Measure, show, keep; the exit code is 1 where what is asked for is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.million", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES), help="how many portraits (10000 30000 100000)")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        _one(*options.one)
        return
    found = []
    print(f"{'pictures':>9}{'minutes':>9}{'1% more':>9}{'GB':>7}{'set aside':>11}  recall of the index")
    for size in options.sizes:
        found.append(row := measured(size))
        recall = "exact search" if row.recall is None else f"{row.recall:.4f}"
        print(
            f"{size:>9,}{row.minutes:>9.1f}{row.next_night:>9.2f}{row.gigabytes:>7.1f}{row.set_aside:>11,}  {recall}", flush=True
        )
    hours = of_a_million(options.sizes, [row.minutes / 60 for row in found])
    gigabytes = of_a_million(options.sizes, [row.gigabytes for row in found])
    print(f"a million, by these: {hours:.1f} hours (asked for: {_HOURS:g}), {gigabytes:.1f} GB (asked for: {_GIGABYTES:g})")
    million: dict[str, float | None] = {"hours": hours, "gigabytes": gigabytes}
    machine = {"machine": processor(), "cores": torch.get_num_threads()}
    write_json(JSON, {**machine, "measured": [_rounded(asdict(row)) for row in found], "a_million": _rounded(million)})
    recalls = [row.recall for row in found if row.recall is not None]
    sys.exit(not (hours <= _HOURS and gigabytes <= _GIGABYTES and all(recall >= _RECALL for recall in recalls)))


if __name__ == "__main__":
    run(main)
