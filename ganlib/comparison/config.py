"""A preset of a comparison: which methods, with which knobs, at which budget, on which pictures."""

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

import torch

from ganlib.config import read
from ganlib.errors import AtelierError
from ganlib.knobs import Natural, OneOf, Positive, Word, unknown
from ganlib.methods import METHODS
from ganlib.metrics.config import EvaluateConfig
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.sources import SOURCES, Source
from ganlib.training.config import Course, TrainConfig

PARAMS = "params.yaml"


@dataclass(frozen=True)
class Preset:
    """A preset's `params.yaml`.

    methods: knobs by the name under which a method appears. seeds: every method is tried with each of them.
    train: what all trials share. columns: pictures in a method's row of the contact sheet; codes: the seed of the codes that
    they, and the pictures that are scored, are drawn from. collect, curate: the preset's own pictures, as in the project's
    `params.yaml`; without them it is the project's data set that is learned from.
    """

    methods: dict[Annotated[str, Word()], Annotated[Any, OneOf("name", METHODS)]]
    train: Course
    seeds: list[Natural]
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    columns: Positive = 12
    codes: Natural = 0
    collect: Annotated[Source, OneOf("source", SOURCES)] | None = None
    curate: CurateConfig | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense together, with the reason."""
        if not self.methods or not self.seeds:
            raise ValueError("must name methods and seeds, at least one of each")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("must name each of the seeds once")
        if (self.collect is None) != (self.curate is None):
            raise ValueError("must have both of collect and curate, for pictures of its own, or neither")
        names = list(self.methods)
        for place, (name, method) in enumerate(self.methods.items()):
            # Two trials of one training would wait for each other, and say nothing new.
            if twin := next((other for other in names[:place] if self.methods[other] == method), None):
                raise ValueError(f"must not have the same knobs for two methods, {twin} and {name}")
            try:
                self.training(name, self.seeds[0])
            except ValueError as error:
                raise ValueError(f"methods.{name} {error}") from None

    @property
    def trials(self) -> list[tuple[str, int]]:
        """Method and seed of every trial, method by method."""
        return [(method, seed) for method in self.methods for seed in self.seeds]

    def training(self, method: str, seed: int) -> TrainConfig:
        """The training of one trial. Raises `AtelierError` where the preset has no such trial."""
        if method not in self.methods:
            raise AtelierError(f"{method}: the preset has no such method; it {unknown('method', method, self.methods)}.")
        if seed not in self.seeds:
            raise AtelierError(f"{seed}: the preset has no such seed; it must be one of {', '.join(map(str, self.seeds))}.")
        shared = {knob.name: getattr(self.train, knob.name) for knob in fields(Course)}
        return TrainConfig(method=self.methods[method], seed=seed, **shared)

    def at_once(self) -> int:
        """How many trials this machine can run at a time: as many as it has cores for; on a GPU one after the other."""
        if self.train.device != "cpu" and torch.cuda.is_available():
            return 1
        cores = len(os.sched_getaffinity(0))
        return max(1, cores // (self.train.threads or cores))

    def dataset(self, folder: Path, shared: Path) -> Path:
        """Where the pictures lie: in the preset's own folder, or `shared`, the project's data set."""
        return folder / "dataset" if self.collect else shared


def load_preset(folder: Path) -> Preset:
    """Read and check the preset in `folder`. Raises `AtelierError`, as `ganlib.config.read` does, and where there is none."""
    if not (folder / PARAMS).exists():
        known = sorted(path.parent.name for path in folder.parent.glob(f"*/{PARAMS}"))
        names = unknown("preset", folder.name, known) if known else "must be a folder with a params.yaml"
        raise AtelierError(f"{folder}: expected a preset here, found none; it {names}.")
    return read(folder / PARAMS, Preset)
