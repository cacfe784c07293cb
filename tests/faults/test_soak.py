"""Many nights in a row, harmed at random: nothing is lost, nothing is left over, nothing grows without bound."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import soaking
from conftest import PROJECT
from ledger import Ledger
from recording import empty_database

from ganlib.metrics.cache import KEPT

#: Nights in CI; `make soak` runs more.
NIGHTS = 16


@pytest.mark.drill
def test_nights_with_random_faults_leave_all_in_order(tmp_path: Path, pytestconfig: pytest.Config, ledger: Ledger) -> None:
    """Whatever befell them, the night after the last one finds every digest valid, one champion, every version loadable, every
    curve whole, nothing left half written; no process and no open file outlived its night; memory and disk are bounded."""
    nights, seed = pytestconfig.getoption("--nights") or NIGHTS, pytestconfig.getoption("--soak-seed")
    told = soaked(tmp_path / "atelier", nights, seed)
    show(told)
    assert told["wrong"] == []
    assert [one for one in told["findings"] if one["state"] != "ok"] == []
    assert told["champions"] == 1
    assert told["nights"] == nights + 1
    assert told["left_processes"] == 0
    assert max(told["open_files"]) == min(told["open_files"])
    assert max(told["features"]) <= KEPT
    for kind in ("memory", "parent", "disk"):
        assert flat(told[kind]), f"{kind} grows: {told[kind]}"
    for fault, times in told["faults"].items():
        if fault != "none":
            ledger.add(f"soak: {fault}, at random in many nights", found="the night after had all in order", times=times)


def flat(numbers: list[int]) -> bool:
    """Whether the last third of the nights is no more than a quarter above the second: a leak adds up night by night."""
    third = len(numbers) // 3
    return median(numbers[-third:]) <= 1.25 * median(numbers[third : 2 * third])


def soaked(folder: Path, nights: int, seed: int) -> dict[str, Any]:
    """The nights in a process of their own; with a small disk of its own, too, where one may be mounted."""
    folder.mkdir()
    command = [sys.executable, soaking.__file__, str(folder), str(nights), str(seed)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PREFECT_", "ATELIER_"))}
    environment |= {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", "GIT_PYTHON_REFRESH": "quiet", "MALLOC_ARENA_MAX": "2"}
    database = f"mkdir {folder}/.mlflow && cp {empty_database()} {folder}/.mlflow/mlflow.db"
    copy = f"{database} && cp {PROJECT}/params.yaml {folder} && exec "
    own = ["unshare", "--mount", "sh", "-c"]
    if subprocess.run([*own, f"mount -t tmpfs -o size=1m soak {folder}"], capture_output=True).returncode == 0:
        environment["SOAK_DISK"] = "1"
        script = f"mount -t tmpfs -o size={soaking.DISK} soak {folder} && {copy}"
    else:
        own, script = ["sh", "-c"], copy
    done = subprocess.run([*own, f'{script} "$@"', "soak", *command], env=environment, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    return dict(json.loads(done.stdout.splitlines()[-1]))


def show(told: dict[str, Any]) -> None:
    """The table that `make soak` is for."""
    print(f"\n{told['nights']} nights; {told['versions']} versions registered, {told['trainings']} trainings told")
    for line, times in sorted(told["ended"].items()):
        print(f"{times:5d}  {line}")
    for kind in ("memory", "parent", "disk", "record"):
        numbers = [number / 1e6 for number in told[kind]]
        third = len(numbers) // 3
        parts = [f"{median(part):.1f}" for part in (numbers[:third], numbers[third : 2 * third], numbers[-third:])]
        print(f"{kind:<8} {' -> '.join(parts)} MB (medians of the thirds), most {max(numbers):.1f}")
    print(f"open files {sorted(set(told['open_files']))}, processes left {told['left_processes']}")


def test_a_leak_would_be_seen() -> None:
    """A night that leaves something each time is told from one that only varies."""
    assert flat([5, 9, 7, 6, 8, 7, 9, 6, 7])
    assert not flat([100 + 30 * night for night in range(30)])
