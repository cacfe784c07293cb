"""The pictures that a model learnt from, looked through for those that are most like a drawn one: is it a copy?"""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from ganlib.errors import AtelierError
from ganlib.metrics.memorisation import FEWEST, NEARER, QUANTILE, looks, nearness
from ganlib.pictures.store import Store
from ganlib.training.batches import Pictures


@dataclass(frozen=True)
class Looked:
    """store: the data set. looks: those of its training pictures. threshold: the ratio up to which a picture is a copy."""

    store: Store
    looks: Tensor
    threshold: float


@dataclass(frozen=True)
class Near:
    """rows: the nearest training pictures, the nearest first. ratio: the distance to the first as a share of what is usual
    around it. threshold: up to it, a picture is taken for a copy."""

    rows: tuple[int, ...]
    ratio: float
    threshold: float

    @property
    def copy(self) -> bool:
        """Whether it is taken for a copy of a training picture."""
        return self.ratio <= self.threshold


class Training:
    """The data set in `folder`, which is looked through once, when it is first needed; it may not be there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._looked: Looked | str | None = None
        self._one = threading.Lock()

    def near(self, picture: Pictures, dataset: str) -> tuple[Near, Pictures] | str:
        """What is nearest to uint8 [H, W, C] among the pictures of the data set with the digest `dataset`, and these pictures,
        uint8 [3, H, W, C]; or why that cannot be said, as a sentence."""
        looked = self._look()
        if isinstance(looked, str):
            return looked
        if looked.store.digest != dataset:
            return f"The data set in {self.folder} is not the one that this model learnt from."
        found = nearness(looks(picture[None]), looked.looks)
        rows = tuple(map(int, found.nearest[0]))
        return Near(rows, float(found.ratios[0]), looked.threshold), np.stack([looked.store.train[row] for row in rows])

    def _look(self) -> Looked | str:
        with self._one:
            if self._looked is None:
                self._looked = self._open()
            return self._looked

    def _open(self) -> Looked | str:
        """Raises nothing: the explorer works without a data set."""
        try:
            store = Store.open(self.folder, verify=False)
        except AtelierError as error:
            return f"What it learnt from cannot be looked at: {error}"
        if len(store.train) < FEWEST or not len(store.heldout):
            return f"{self.folder}: too few pictures to say what is near."
        learnt = looks(store.train)
        held = nearness(looks(store.heldout), learnt)
        return Looked(store, learnt, NEARER * float(np.quantile(held.ratios, QUANTILE)))
