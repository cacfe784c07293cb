"""What a picture shows, read by a classifier that learnt the data set's labels: those alone that it reads rightly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganlib.conditions.attribute import Attribute, Value
from ganlib.conditions.labels import PREFIX, columns_of
from ganlib.errors import AtelierError
from ganlib.metrics.classifier import Classifier, classifier_for
from ganlib.metrics.control import agreement, learnt
from ganlib.pictures.decode import Pixels
from ganlib.pictures.store import Store

#: Labels of more classes name nothing: one of fifty kinds of hair is no thing that a person would turn.
MOST_CLASSES = 12
#: How well it must be read on held-out pictures: of the way from guessing the most frequent class to no error; a correlation.
LEAST_SKILL = 0.5


@dataclass(frozen=True)
class Reader:
    """judge: the classifier. skills: by attribute how well it reads held-out pictures, from 0 (guessing) to 1."""

    judge: Classifier
    skills: Mapping[str, float]

    @property
    def attributes(self) -> list[Attribute]:
        """Those that are read rightly."""
        return [one for one in self.judge.conditions.attributes if self.skills[one.name] >= LEAST_SKILL]

    def read(self, pictures: Pixels) -> dict[str, NDArray[np.float64]]:
        """Of each of uint8 [N, H, W, C], by attribute: the class, as its place among the values, or the number."""
        found = self.judge.predict(pictures)
        return {attribute.name: found[attribute.name] for attribute in self.attributes}


def reader_for(store: Store, folder: Path, names: Sequence[str] | None = None) -> Reader | None:
    """The reader of these labels of a data set, or of those that `labels_of` finds (None where it finds none); its classifier is
    trained once, and kept in `folder`. Raises `AtelierError` where the data set has no such label."""
    chosen = labels_of(store) if names is None else list(names)
    if not chosen:
        return None
    columns, known = columns_of(store.manifest, chosen, "label"), len(store.train)
    judge = classifier_for(store.train, {name: values[:known] for name, values in columns.items()}, folder)
    read = judge.predict(store.heldout)
    truth = {name: values[known:] for name, values in columns.items()}
    return Reader(judge, {one.name: _skill(one, truth[one.name], read[one.name]) for one in judge.conditions.attributes})


def labels_of(store: Store) -> list[str]:
    """The labels of a data set that make attributes of `MOST_CLASSES` classes at most."""
    names = [column.removeprefix(PREFIX) for column in store.manifest.columns if column.startswith(PREFIX)]
    columns = columns_of(store.manifest.iloc[: len(store.train)], names, "label")
    return [name for name in names if _turnable(name, columns[name])]


def _turnable(name: str, column: Sequence[Value | None]) -> bool:
    try:
        return len(Attribute.of(name, column).values) <= MOST_CLASSES
    except AtelierError:
        return False


def _skill(attribute: Attribute, truth: Sequence[Value | None], read: NDArray[np.float64]) -> float:
    """0 where held-out pictures show nothing else than what is read anyway."""
    known = [place for place, value in enumerate(truth) if learnt(attribute, value)]
    if not known:
        return 0.0
    _, value, _ = agreement(attribute, [truth[place] for place in known], read[known])
    if not attribute.values:
        return max(0.0, value)
    most = max(attribute.shares)
    return max(0.0, (value - most) / (1 - most))
