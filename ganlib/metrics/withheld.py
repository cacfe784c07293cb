"""Combinations that were never shown: whether they are drawn as asked, and how far from real ones, beside those that were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganlib.conditions.attribute import Value
from ganlib.conditions.conditions import rows_having
from ganlib.metrics.classes import class_distance
from ganlib.metrics.classifier import Classifier, Columns, Pictures
from ganlib.metrics.control import agreement
from ganlib.metrics.fingerprint import six
from ganlib.metrics.moments import Features

Combination = Mapping[str, Value]


@dataclass(frozen=True)
class Shown:
    """What was drawn of a combination. asked: what each picture was to be. drawn: uint8 [N, H, W, C]. fake, real, other: features
    of what was drawn, and of real pictures of the combination in two halves."""

    combination: Combination
    asked: Columns
    drawn: Pictures
    fake: Features
    real: Features
    other: Features


def entry(shown: Shown, judge: Classifier, seed: int) -> dict[str, Any]:
    """As JSON: the agreement of every class that is part of the combination, and its Fréchet distance with its floor."""
    read = judge.predict(shown.drawn)
    obeyed = {}
    for attribute in judge.conditions.attributes:
        if attribute.name in shown.combination and attribute.values:
            _, value, error = agreement(attribute, shown.asked[attribute.name], read[attribute.name])
            obeyed[attribute.name] = {"agreement": six(value), "error": six(error)}
    found = class_distance("", shown.fake, shown.real, shown.other, seed)
    numbers = {"fd": found.fd, "error": found.error, "floor": found.floor}
    distance = {name: None if value is None else six(value) for name, value in numbers.items()}
    return {"combination": dict(shown.combination), "n": len(shown.drawn), **obeyed, "distance": {"n": found.number, **distance}}


def seen_like(combinations: Sequence[Combination], columns: Columns, most: int) -> list[dict[str, str]]:
    """Shown combinations of the same labels, the most frequent first, `most` at most: what withheld ones compare with."""
    names = list(combinations[0])
    rows = list(zip(*(["none" if value is None else str(value) for value in columns[name]] for name in names), strict=True))
    hidden = {row for one in combinations if set(one) <= set(columns) for row in rows_having(columns, one)}
    values, counts = np.unique(
        np.array([row for place, row in enumerate(rows) if place not in hidden]), axis=0, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")[:most]
    return [dict(zip(names, map(str, values[place]), strict=True)) for place in order]
