"""Scores of a few pictures, quick enough to be taken while a training goes on: how far from real, how varied, what they cover.

Two views of them. Features see what an eye sees close by: a distance in them says how good pictures are, but they take the grain
of a half-trained generator for variety, and for strangeness. Coarse pixels, as from across the room, see shapes and colours
alone: what a generator gets right first, and what it loses when it collapses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import Extractor, load_extractor
from ganlib.metrics.extrapolation import extrapolate
from ganlib.metrics.features import Pictures, extract
from ganlib.metrics.moments import Features, double
from ganlib.metrics.neighbours import neighbour_scores
from ganlib.metrics.votes import values

#: Pictures of each kind, at most; the least that sub-samples can be made of; held-out ones that vote on labels, at most: the
#: more, the nearer are the nearest.
NUMBER, FEWEST, VOTERS = 256, 20, 2000

#: The views by the beginning of their numbers' names. They are not those of `evaluate`, lest a change there redo a training.
VIEWS = {"quick": EvaluateConfig(extractor="lite0", size=48), "coarse": EvaluateConfig(extractor="pixels", size=8)}

_NEIGHBOURS = 5  # k of precision and coverage


@dataclass(frozen=True)
class View:
    """An extractor and what it makes of the reference and of other real pictures, [N, D] each."""

    extractor: Extractor
    reference: Features
    others: Features

    def numbers(self, found: Features) -> dict[str, float]:
        """The Fréchet distance with its error, variety as a share of real pictures', precision and coverage."""
        curve = extrapolate(found, self.reference)
        shares = {score.name: score.value for score in neighbour_scores(found, self.reference, _NEIGHBOURS)}
        return {
            "fd": curve.distances[0],
            "fd_error": curve.error,
            "diversity": spread(found) / max(spread(self.reference), 1e-12),
            "precision": shares["precision"],
            "coverage": shares["coverage"],
        }

    @cached_property
    def floor(self) -> dict[str, float]:
        """What other real pictures come to."""
        return self.numbers(self.others)


class Quick:
    """Scores drawn pictures against held-out ones, whose features are computed once, at the first call.

    heldout, train: uint8 [N, H, W, C], of which `number` are taken, at even distances. labels: of the held-out pictures, values
    by name; None where there is no value. Names of numbers begin as those of `VIEWS`; `coarse_fd_floor` is what train pictures
    come to.
    """

    def __init__(self, heldout: Pictures, train: Pictures, labels: Mapping[str, Sequence[object]] | None = None) -> None:
        self.number = min(NUMBER, len(heldout), len(train))
        self._heldout, self._train = heldout, train
        self._voters = even(len(heldout), min(VOTERS, len(heldout)))
        self._labels = {name: np.array([named(of[row]) for row in self._voters]) for name, of in (labels or {}).items()}

    def scores(self, drawn: Pictures) -> dict[str, float | str]:
        """All numbers by name, of uint8 [number, H, W, C]; none where there are too few pictures for any."""
        if self.number < FEWEST:
            return {}
        numbers: dict[str, float | str] = {"quick_number": float(self.number)}
        for name, view in self._views.items():
            found = extract(drawn, view.extractor, quiet=True)
            numbers |= {f"{name}_{key}": value for key, value in view.numbers(found).items()}
            numbers |= {f"{name}_{key}_floor": view.floor[key] for key in ("fd", "coverage")}
            if name == "coarse" and self._labels:
                numbers |= self._labelled(found)
        return numbers

    @cached_property
    def _views(self) -> dict[str, View]:
        sets = [np.ascontiguousarray(of[even(len(of), self.number)]) for of in (self._heldout, self._train)]
        extractors = {name: load_extractor(config) for name, config in VIEWS.items()}
        return {name: View(each, *(extract(one, each, quiet=True) for one in sets)) for name, each in extractors.items()}

    @cached_property
    def _voting(self) -> Features:
        return extract(np.ascontiguousarray(self._heldout[self._voters]), self._views["coarse"].extractor, quiet=True)

    def _labelled(self, found: Features) -> dict[str, float | str]:
        """How many values of labels are drawn, of those that can be told; and which are not."""
        told = [(name, value) for name, labels in self._labels.items() for value in values(labels, self._voting, found)]
        missing = [f"{name} {value.name}" for name, value in told if value.missing]
        if not told:
            return {}
        return {
            "values_told": float(len(told)),
            "values_drawn": float(len(told) - len(missing)),
            "values_missing": ", ".join(missing),
        }


def named(value: object) -> str:
    """A label's value as text; "" for none."""
    return "" if value is None or value != value else str(value)  # NaN alone differs from itself


def even(length: int, number: int) -> NDArray[np.int64]:
    """`number` places of `length`, at even distances."""
    return np.linspace(0, max(length - 1, 0), number).round().astype(np.int64)


def spread(features: Features) -> float:
    """The mean distance between two of the features [N, D]."""
    x = double(features)
    return float(torch.pdist(x - x.mean(0)).mean())
