"""cleanvision (0.3.7) as its manual has it: all that it looks for by default, in one process."""

import shutil
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from bench.judged import Judged, core_seconds

_NO_DEFECT = "grayscale"  # of a set in grey it is all there is
_DUPLICATES = ("exact_duplicates", "near_duplicates")


def judge(folder: Path, without: Collection[str]) -> Judged:
    """The folder without some files: those that cannot be decoded, at which it ends with an exception.

    Of duplicates, it names sets: the first of each stays.
    """
    from cleanvision import Imagelab

    with TemporaryDirectory() as place:
        root = Path(place, "pictures").resolve()
        shutil.copytree(folder, root)
        for name in without:
            (root / name).unlink()
        labs: list[Any] = []

        def find() -> None:
            labs.append(Imagelab(data_path=str(root), verbose=False))
            labs[0].find_issues(n_jobs=1, verbose=False)

        seconds = core_seconds(find)
        return judged(labs[0].issues, {kind: labs[0].info[kind]["sets"] for kind in _DUPLICATES}, root, seconds)


def judged(issues: pd.DataFrame, sets: dict[str, list[list[str]]], root: Path, seconds: float) -> Judged:
    """From its columns is_*_issue, by path, and its sets of duplicates by kind."""

    def name(path: object) -> str:
        return Path(str(path)).relative_to(root).as_posix()

    faults: dict[str, str] = {}
    for column in map(str, issues.columns):
        kind = column.removeprefix("is_").removesuffix("_issue")
        if column.startswith("is_") and kind not in (*_DUPLICATES, _NO_DEFECT):
            faults |= {name(path): kind for path in issues.index[issues[column]]}
    twins: dict[str, str] = {}
    for kind in _DUPLICATES:
        for first, *others in (sorted(map(name, alike)) for alike in sets[kind]):
            twins |= dict.fromkeys(others, first)
    return Judged(frozenset(map(name, issues.index)), faults, twins, seconds)
