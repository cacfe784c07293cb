"""What was measured, kept as `metrics/bench.json` and as a run of MLflow."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from bench.ceiling import Ceiling
from bench.row import Row, as_json, processor
from ganlib.files import write_json
from tasks.record import Record, publish

PATH = Path("metrics/bench.json")
RATIOS = Path("metrics/ratios.json")  # of the same, in the form that `dvc metrics diff` compares


def keep(rows: Sequence[Row], ceilings: dict[str, Ceiling]) -> None:
    """Write the rows, replacing those of the same claims and keeping the others', and tell MLflow."""
    fresh = {(row.name, row.mode): as_json(row, processor()) for row in rows}
    others = [row for row in _kept() if (row["name"], row["mode"]) not in fresh]
    write_json(PATH, sorted([*others, *fresh.values()], key=lambda row: (row["name"], row["mode"])))
    write_json(RATIOS, {f"{name} {mode}": ratio for (name, mode), ratio in kept_ratios().items()})
    peaks = {f"ceiling.{mode}.{name}": value for mode, ceiling in ceilings.items() for name, value in asdict(ceiling).items()}
    ratios = {f"{row.name}.{row.mode}": row.ratio for row in rows}
    publish(Record("bench", {"processor": processor(), "torch": torch.__version__}, {**ratios, **peaks}, [PATH], writes=[PATH]))


def kept_ratios() -> dict[tuple[str, str], float]:
    """What the last run kept, by name and mode."""
    return {(str(row["name"]), str(row["mode"])): float(str(row["ratio"])) for row in _kept()}


def _kept() -> list[dict[str, object]]:
    return json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else []
