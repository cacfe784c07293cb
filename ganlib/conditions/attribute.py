"""One thing that can be asked for: one of several values, or a number."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.errors import AtelierError
from ganlib.knobs import nearest_first

#: What a picture has that lacks the label: no glasses.
NONE = "none"
#: Knots of a number's distribution; classes that an attribute may have, at most.
KNOTS, MOST = 17, 200

#: The knob that names labels, for what is said of it.
KNOB = "train.method.conditions"

Value = str | float


@dataclass(frozen=True)
class Attribute:
    """name: of the label. values: the classes, sorted, and shares: how often each is, which sum to 1.

    Of a number there are no values; knots are then its quantiles at equal steps of probability, least to greatest.
    """

    name: str
    values: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    knots: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """How many numbers stand for it in what a network is told: one a class, or one."""
        return len(self.values) or 1

    def told(self, value: Value | None) -> list[float]:
        """What a network is told: which class, as ones and zeros; a number on the way from its least, -1, to its greatest, 1.

        Raises `AtelierError` for another value, or a number that is out of range.
        """
        if not self.values:
            low, high = self.knots[0], self.knots[-1]
            return [2 * (self.number(value) - low) / (high - low) - 1]
        return [float(place == self.place(value)) for place in range(len(self.values))]

    def untold(self, told: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers, back from the scale on which a network is told them."""
        return self.knots[0] + (told + 1) / 2 * (self.knots[-1] - self.knots[0])

    def asked(self, value: Value | None) -> float:
        """The number at the end of a code that asks for the value; standard normal ones ask as often as the data have it.

        A class has an interval of such numbers, the middle of which (in probability) is returned.
        """
        if self.values:
            place = self.place(value)
            return NormalDist().inv_cdf(sum(self.shares[:place]) + self.shares[place] / 2)
        share = float(np.interp(self.number(value), self.knots, np.linspace(0, 1, len(self.knots))))
        return NormalDist().inv_cdf(min(max(share, EDGE), 1 - EDGE))

    def place(self, value: Value | None) -> int:
        """Which of the classes it is."""
        text = NONE if value is None else str(value)
        if text not in self.values:
            valid = nearest_first(text[:80], self.values)
            raise AtelierError(f"{self.name}: expected one of {valid}; found {text[:80]}. Nothing was drawn.")
        return self.values.index(text)

    def number(self, value: Value | None) -> float:
        """A number that is in range."""
        low, high = self.knots[0], self.knots[-1]
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not low <= number <= high:
            raise AtelierError(
                f"{self.name}: expected a number from {low:g} to {high:g}, found {str(value)[:80]}. Nothing was drawn."
            )
        return number

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @staticmethod
    def of(name: str, column: Sequence[Value | None], knob: str = KNOB) -> "Attribute":
        """The attribute that a label is, with the values that its pictures have (None: it lacks the label).

        Numbers make a number, whose pictures must all have one; anything else makes classes. Raises `AtelierError` where there
        is nothing to choose between, or too much.
        """
        present = [value for value in column if value is not None]
        if present and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
            return _number(name, column, knob)
        texts = [NONE if value is None else str(value) for value in column]
        values, counts = np.unique(texts, return_counts=True)
        if not 2 <= len(values) <= MOST:
            raise AtelierError(
                f"{knob} {name}: expected a label with 2 to {MOST} values, or a number, found {len(values)} "
                "values; nothing was done. Leave it out, or collect pictures that differ in it."
            )
        return Attribute(name, tuple(map(str, values)), tuple(float(count) / len(texts) for count in counts))

    @staticmethod
    def from_plain(content: dict[str, Any]) -> "Attribute":
        """Back from JSON."""
        return Attribute(content["name"], *(tuple(content[part]) for part in ("values", "shares", "knots")))


#: The least probability from the edges that a code asks for, some four deviations out.
EDGE = 1e-4


def _number(name: str, column: Sequence[Value | None], knob: str) -> Attribute:
    if missing := sum(value is None for value in column):
        raise AtelierError(
            f"{knob} {name}: expected a number for every picture, found {missing} pictures without one; nothing "
            "was done. Leave it out, or complete the labels."
        )
    knots = np.quantile(np.array(column, float), np.linspace(0, 1, KNOTS))
    if not knots[0] < knots[-1]:
        raise AtelierError(
            f"{knob} {name}: expected numbers that differ, found {knots[0]:g} everywhere; nothing was done. Leave it out."
        )
    return Attribute(name, knots=tuple(map(float, knots)))
