"""Stands in for every step in tests of the chain: takes no time, reads what the step reads, writes what the step writes.

It is copied over `tasks/<step>.py`. `STAND_IN_LASTS=train:30` makes a step last (until `.runs/enough` exists),
`STAND_IN_FAILS=train` makes one fail, `STAND_IN_WORLD` is what the source has.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

from ruamel.yaml import YAML

from ganlib.errors import AtelierError
from ganlib.progress import track
from tasks import cli, places

STEP = Path(__file__).stem
READS = {
    "collect": [],
    "curate": [places.DATA],
    "train": [places.DATASET],
    "sample": [places.MODEL],
    "evaluate": [places.DATASET, places.MODEL, places.SAMPLES],
    "report": [places.SCORES],
}
WRITES = {
    "collect": places.RAW,
    "curate": places.DATASET,
    "train": places.MODEL,
    "sample": places.SAMPLES,
    "report": places.REPORT.parent,
}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8ffff3f0005fe02fedccc59e70000000049454e44ae426082"
)


def summary() -> str:
    """What the real report says at the end of a run, in one line."""
    return f"scores {places.SCORES}"


def rows(numbers: dict[str, float]) -> list[dict[str, str]]:
    """What the real report makes of the scores."""
    return [{"name": name, "value": str(value)} for name, value in numbers.items()]


def complete() -> Path:
    """What the real report makes of the last decision."""
    return places.REPORT


def last() -> dict[str, object]:
    """What the real promotion decided last."""
    return {"promoted": True, "reasons": ["No other was there."], "candidate": "version 1", "champion": None, "score": None}


def main() -> None:
    """Last, fail or write as the environment says."""
    name, _, seconds = os.environ.get("STAND_IN_LASTS", "").partition(":")
    tenths = round(10 * float(seconds)) if name == STEP else 0
    if os.environ.get("STAND_IN_FAILS") == STEP:
        raise AtelierError(f"{STEP}: expected a cause, found none. Invent one.")
    if STEP == "promote":
        print(f"promoted under {os.environ.get('ATELIER_PARENT_RUN', 'nothing')}")
        return
    read = {str(path): sorted((file.name, file.read_text(errors="replace")) for file in _files(path)) for path in READS[STEP]}
    places.RUNS.mkdir(exist_ok=True)
    (places.RUNS / f"{STEP}.pid").write_text(str(os.getpid()))
    for _ in track(range(tenths), STEP, tenths):
        if (places.RUNS / "enough").exists():
            break
        time.sleep(0.1)
    knobs = YAML(typ="safe").load(Path("params.yaml")).get(STEP)
    _write({"step": STEP, "knobs": knobs, "read": read, "world": os.environ.get("STAND_IN_WORLD", "")})
    print(f"{STEP} done by {sys.executable}")


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*")) if path.is_dir() else [path]


def _write(content: dict[str, object]) -> None:
    if STEP == "evaluate":
        places.PLOTS.mkdir(parents=True, exist_ok=True)
        (places.PLOTS / "fd.png").write_bytes(PIXEL)
        places.EVALUATION.parent.mkdir(parents=True, exist_ok=True)
        places.EVALUATION.write_text("{}")
        places.CONTROL.write_text("{}")
        (places.PLOTS / "diagnosis.png").write_bytes(PIXEL)
        places.SCORES.write_text(json.dumps({"fd": float(len(str(content)))}))
        finding = {"name": "finished", "sentence": "It stopped.", "remedy": "Raise train.kimg."}
        places.DIAGNOSIS.write_text(json.dumps({"verdict": "It stopped.", "healthy": True, "findings": [finding]}))
        return
    out = WRITES[STEP]
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / "all.json").write_text(json.dumps(content))
    if STEP == "train":
        for name in ("history.jsonl", "watch.jsonl"):
            (out / name).write_text(json.dumps(content) + "\n")
    if STEP == "curate":
        card = {"digest": "d", "train": 54, "heldout": 10, "kept": 64, "set_aside": {"twin": 2, "unreadable": 1}}
        (out / "dataset.json").write_text(json.dumps(card))
        for name in ("manifest.parquet", "pictures.npy"):
            (out / name).write_text(json.dumps(content))
    if STEP == "sample":
        (out / "grid.png").write_bytes(PIXEL)
    if STEP == "report":
        places.REPORT.write_text("<p>report</p>")


if __name__ == "__main__":
    cli.run(main)
