"""Stands in for a trial and for the comparison of all, in tests of the chain: takes no time, writes where the step writes.

It is copied over `tasks/trial.py` and `tasks/compare.py`. `STAND_IN_LASTS=first-1:30` makes a trial last (`*:1` all of them)
until `.runs/enough` exists, `STAND_IN_FAILS=first-1` makes one fail.
"""

import argparse
import json
import os
import shutil
import time
from pathlib import Path

from ruamel.yaml import YAML

from ganlib.errors import AtelierError
from ganlib.progress import track
from tasks import cli, places
from tasks.presets import results, trial_folder

STEP = Path(__file__).stem
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8ffff3f0005fe02fedccc59e70000000049454e44ae426082"
)


def summary(folder: Path) -> str:
    """What the real comparison says at the end of a run, in one line."""
    return f"compared in {results(folder)}"


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("preset", type=Path)
    parser.add_argument("method", nargs="?")
    parser.add_argument("seed", nargs="?", type=int)
    parser.add_argument("--tell", action="store_true")
    args = parser.parse_args()
    if args.tell:
        print(f"told {STEP} {args.method} {args.seed}")
    elif args.method:
        _trial(args.preset, args.method, args.seed)
    else:
        _compare(args.preset)


def _trial(preset: Path, method: str, seed: int) -> None:
    name, began = f"{method}-{seed}", time.time()
    if os.environ.get("STAND_IN_FAILS") == name:
        raise AtelierError(f"{name}: expected a cause, found none. Invent one.")
    places.RUNS.mkdir(exist_ok=True)
    (places.RUNS / f"{name}.pid").write_text(str(os.getpid()))
    whose, _, seconds = os.environ.get("STAND_IN_LASTS", "").partition(":")
    tenths = round(10 * float(seconds)) if whose in (name, "*") else 0
    for _ in track(range(tenths), "train", tenths):
        if (places.RUNS / "enough").exists():
            break
        time.sleep(0.1)
    knobs = YAML(typ="safe").load(preset / "params.yaml")["methods"][method]
    _write(trial_folder(preset, method, seed), {"trial.json": json.dumps([knobs, began, time.time()]).encode()})
    print(f"{name} done under {os.environ.get('ATELIER_PARENT_RUN', 'nothing')}")


def _compare(preset: Path) -> None:
    tried = sorted(path.name for path in (preset / "trials").iterdir())
    table = f"method,trials\n{' '.join(tried)},{len(tried)}\n".encode()
    _write(results(preset), {"table.csv": table, "table.json": b"{}", "distances.png": PIXEL, "samples.png": PIXEL})
    print(f"compared {' '.join(tried)}")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    cli.run(main)
