"""What a curation made of a folder, in one form for all, and what it cost."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from ganlib.pictures.config import CurateConfig
from ganlib.pictures.guard import end_all
from ganlib.pictures.sources.folder import Folder
from ganlib.pictures.verdicts import NAME
from tasks.curate import curate


@dataclass(frozen=True)
class Judged:
    """seen: the names of all files that were judged. faults: why, for each that was set aside for what it is. twins: for each
    that was set aside as a duplicate, what stays in its place. seconds: of processor time."""

    seen: frozenset[str]
    faults: dict[str, str]
    twins: dict[str, str]
    seconds: float

    @property
    def rate(self) -> float:
        """Pictures per second of one core."""
        return len(self.seen) / self.seconds

    def aside(self, name: str) -> bool:
        """Whether it was set aside, for whatever reason."""
        return name in self.faults or name in self.twins

    def groups(self) -> dict[str, str]:
        """For each file that is, or has, a duplicate, the one that stands for all that are linked with it."""
        above: dict[str, str] = {}

        def top(name: str) -> str:
            while name in above:
                name = above[name]
            return name

        for name, twin in self.twins.items():
            if top(name) != top(twin):
                above[top(name)] = top(twin)
        return {name: top(name) for name in {*self.twins, *self.twins.values()}}


def ours(folder: Path, size: int, ignore: tuple[str, ...] = ()) -> Judged:
    """The project's own curation, with its defaults but for checks that are left out."""
    with TemporaryDirectory() as place:
        out, source = Path(place, "dataset"), Folder(str(folder))
        seconds = core_seconds(lambda: curate(CurateConfig(size=size, ignore=ignore), source.pictures(), source.count(), out))
        verdicts = pd.read_parquet(out / NAME).set_index("path")
    aside, copy = ~verdicts["kept"], verdicts["twin_of"].notna()
    faults, twins = verdicts.loc[aside & ~copy, "reason"], verdicts.loc[aside & copy, "twin_of"]
    return Judged(frozenset(verdicts.index), _texts(faults), _texts(twins), seconds)


def _texts(column: "pd.Series[str]") -> dict[str, str]:
    return dict(zip(map(str, column.index), map(str, column), strict=True))


def core_seconds(work: Callable[[], object]) -> float:
    """Processor time of all threads, and of all processes that were started and have ended meanwhile."""
    end_all()
    before = os.times()
    work()
    end_all()
    return sum(os.times()[:4]) - sum(before[:4])
