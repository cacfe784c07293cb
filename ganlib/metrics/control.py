"""Measured control: whether what is asked for is drawn, read off the pictures by a classifier; and what else changes with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.conditions.attribute import Attribute, Value
from ganlib.errors import AtelierError
from ganlib.metrics.classifier import Classifier, Columns, Pictures
from ganlib.metrics.fingerprint import six
from ganlib.metrics.measure import share


@dataclass(frozen=True)
class Control:
    """How well one attribute obeys. measure: "agreement", the share of pictures taken for the class that was asked, or "r", the
    correlation of numbers asked and read off. error: one standard error. real: the same for held-out pictures and their labels,
    which is what the classifier can do. n: pictures."""

    attribute: str
    measure: str
    value: float
    error: float
    real: float
    n: int


def control(asked: Columns, drawn: Pictures, truth: Columns, heldout: Pictures, judge: Classifier) -> list[Control]:
    """Each attribute that `judge` tells: what was asked of uint8 [N, H, W, C], and the labels of held-out ones."""
    read, known = judge.predict(drawn), judge.predict(heldout)
    found = []
    for attribute in judge.conditions.attributes:
        measure, value, error = agreement(attribute, asked[attribute.name], read[attribute.name])
        there = [row for row, label in enumerate(truth[attribute.name]) if learnt(attribute, label)]
        _, real, _ = agreement(attribute, [truth[attribute.name][row] for row in there], known[attribute.name][there])
        found.append(Control(attribute.name, measure, value, error, real, len(drawn)))
    return found


def agreement(attribute: Attribute, asked: Sequence[Value | None], read: NDArray[np.float64]) -> tuple[str, float, float]:
    """Which measure fits the attribute, its value and its standard error (Wilson's; by Fisher's z for a correlation)."""
    if attribute.values:
        hits = int(sum(attribute.place(value) == place for value, place in zip(asked, read.astype(int), strict=True)))
        found = share("agreement", hits, len(read))
        return "agreement", found.value, found.error
    numbers = np.array([attribute.number(value) for value in asked])
    r = float(np.corrcoef(numbers, read)[0, 1]) if numbers.std() > 0 and read.std() > 0 else 0.0
    return "r", r, (1 - r * r) / max(1, len(read) - 3) ** 0.5


def learnt(attribute: Attribute, value: Value | None) -> bool:
    """Whether pictures that were learned from had the value; held-out ones may have others, which nobody can be asked for."""
    try:
        attribute.told(value)
    except AtelierError:
        return False
    return True


def leakage(before: Mapping[str, NDArray[np.float64]], after: Mapping[str, NDArray[np.float64]], turned: str) -> dict[str, float]:
    """What else changes when one attribute is turned and all else of the codes held: of the other classes the share of pictures
    that are taken for another one, of numbers the mean change in deviations of what was read off before."""
    changes = {}
    for name in before:
        if name == turned:
            continue
        old, new = before[name], after[name]
        whole = bool((old == old.round()).all())
        changes[name] = float((old != new).mean()) if whole else float(np.abs(new - old).mean() / max(old.std(), 1e-9))
    return changes


def to_json(found: Sequence[Control], leaks: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """By attribute: {"r" or "agreement": value, "error", "real", "n", "changes_else"}; six digits each."""
    return {
        one.attribute: {
            one.measure: six(one.value),
            "error": six(one.error),
            "real": six(one.real),
            "n": one.n,
            "changes_else": {name: six(value) for name, value in leaks.get(one.attribute, {}).items()},
        }
        for one in found
    }
