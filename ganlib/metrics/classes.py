"""Scores that need classes: which are drawn at all, which are drawn as asked, and how far each is from its real pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganlib.conditions.attribute import NONE
from ganlib.metrics.extrapolation import extrapolate
from ganlib.metrics.measure import Measurement, share
from ganlib.metrics.moments import Features

#: Drawn less often than this part of its real share, a class counts as left out; fewer pictures than this make no distance.
LEFT_OUT, FEWEST = 0.2, 20


@dataclass(frozen=True)
class Judged:
    """Pictures as the classifier sees them. classes: their names. taken: [N], which it takes each for. asked: [N], which each
    was to be (-1: none of them), None where nobody said. real: [classes], how many of the real ones are of each."""

    classes: tuple[str, ...]
    taken: NDArray[np.int64]
    asked: NDArray[np.int64] | None
    real: NDArray[np.int64]


def places_of(values: Sequence[str | None], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """The place of each value among the classes, -1 where it is none of them; None is the class of those that lack the label."""
    place = {name: index for index, name in enumerate(classes)}
    return np.array([place.get(NONE if value is None else value, -1) for value in values], np.int64)


def class_scores(judged: Judged) -> tuple[Measurement, ...]:
    """class_coverage: the share of the real classes that are drawn a fifth as often as they are real, or more often;
    label_agreement: the share of pictures that are taken for what was asked (where something was).

    The error of the first is that of a share of as many samples as there are classes: no more than a hint. What a classifier
    that errs costs is in the floor of the second, which is its agreement with held-out pictures. None where no real picture is
    of a class that was learnt.
    """
    if not judged.real.any():
        return ()
    counts = np.bincount(judged.taken, minlength=len(judged.classes)) / len(judged.taken)
    there = judged.real > 0
    drawn = counts[there] >= LEFT_OUT * judged.real[there] / judged.real.sum()
    found = [share("class_coverage", int(drawn.sum()), len(drawn))]
    if judged.asked is not None and (known := judged.asked >= 0).any():
        found.append(share("label_agreement", int((judged.taken == judged.asked)[known].sum()), int(known.sum())))
    return tuple(found)


@dataclass(frozen=True)
class ClassDistance:
    """The Fréchet distance of one class at `number` pictures of each kind, with error and floor; None where there are too few.

    real, generated: how many there were. taken, real_taken: how many of all generated ones, and of all held-out ones, the
    classifier takes for it."""

    name: str
    real: int
    generated: int
    number: int
    fd: float | None = None
    error: float | None = None
    floor: float | None = None
    taken: int = 0
    real_taken: int = 0


def class_distance(name: str, fake: Features, real: Features, other: Features, seed: int) -> ClassDistance:
    """How far generated pictures of a class are from its real ones, and how far `other` real ones are, as many of each."""
    number = min(len(fake), len(real), len(other))
    if number < FEWEST:
        return ClassDistance(name, len(real), len(fake), number)
    rng = np.random.default_rng(seed)
    ours, true, floor = (x[np.sort(rng.permutation(len(x))[:number])] for x in (fake, real, other))
    found, least = extrapolate(ours, true, seed), extrapolate(floor, true, seed)
    return ClassDistance(name, len(real), len(fake), number, found.distances[0], found.error, least.distances[0])
