"""Which values of a label are drawn at all, told by the real pictures that are nearest to the drawn ones."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ganlib.metrics.moments import Features, double

Labels = NDArray[np.str_]

NEIGHBOURS = 5
#: The share of real pictures with a value whose neighbours must name it: others cannot be told by neighbours.
TOLD = 0.7
#: A value is missed where it is drawn less than a fifth as often as it should be, and where a value that is drawn half as often
#: would be drawn so seldom less than once in a thousand times.
SELDOM, CHANCE = 0.2, 1e-3
_MOST = 24  # values; a label of more is none of classes


@dataclass(frozen=True)
class Value:
    """A value of a label: how many of the drawn pictures have it, and how many would, were they as real ones."""

    name: str
    drawn: int
    expected: float

    @property
    def missing(self) -> bool:
        return self.drawn < SELDOM * self.expected and chance_of_at_most(self.drawn, self.expected / 2) < CHANCE


def values(labels: Labels, real: Features, drawn: Features) -> Iterator[Value]:
    """The values of `labels` [N] ("": none), of real features [N, D], that neighbours can tell, as drawn ones [M, D] have them.

    The five nearest real pictures vote; a real one does not vote for itself. What is expected is what real pictures get by such
    votes, so that a value which neighbours favour is expected more often.
    """
    names = np.unique(labels)
    if not 1 < len(names) <= _MOST:
        return
    mine, theirs = (_votes(labels, names, *pair) for pair in ((real, real), (drawn, real)))
    for name in names[names != ""]:
        if (mine[labels == name] == name).mean() >= TOLD:
            expected = float((mine == name).mean() * len(drawn))
            yield Value(str(name), int((theirs == name).sum()), expected)


def chance_of_at_most(count: int, mean: float) -> float:
    """P(X <= count) of a Poisson variable."""
    return sum(math.exp(number * math.log(mean) - mean - math.lgamma(number + 1)) for number in range(count + 1))


def _votes(labels: Labels, names: Labels, of: Features, real: Features) -> Labels:
    """The value that most of the nearest real pictures have, [N]; of equal ones the first by name."""
    distances = torch.cdist(double(of), double(real))
    if of is real:
        distances.fill_diagonal_(float("inf"))
    nearest = distances.topk(NEIGHBOURS, largest=False).indices.numpy()
    counts = np.stack([(labels[nearest] == name).sum(axis=1) for name in names])
    return np.asarray(names[counts.argmax(axis=0)])
