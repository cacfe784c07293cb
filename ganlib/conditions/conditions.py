"""Several attributes together: from labels to what networks are told, from what a person asks for to the end of a code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.conditions.attribute import KNOB, NONE, Attribute, Value
from ganlib.conditions.sentences import Sentences
from ganlib.errors import AtelierError
from ganlib.knobs import nearest_first


@dataclass(frozen=True)
class Conditions:
    """The attributes, in the order in which they stand at the end of a code.

    sentences: how a sentence becomes some of them, numbers all; None where no sentence can be asked for.
    """

    attributes: tuple[Attribute, ...]
    sentences: Sentences | None = None

    @property
    def width(self) -> int:
        """How many numbers a network is told."""
        return sum(attribute.width for attribute in self.attributes)

    @property
    def names(self) -> list[str]:
        """Of the attributes."""
        return [attribute.name for attribute in self.attributes]

    @property
    def labels(self) -> list[str]:
        """Of the attributes that are labels of the data set: without the numbers of a sentence."""
        parts = self.sentences.parts if self.sentences else []
        return [name for name in self.names if name not in parts]

    @property
    def can_be_silent(self) -> bool:
        """Whether nothing but zeros is unlike anything that can be told: of numbers alone it is the middle of each."""
        return self.sentences is not None or any(attribute.values for attribute in self.attributes)

    @property
    def askable(self) -> list[str]:
        """What a person can ask for: labels, a sentence, and by name its numbers."""
        parts = self.sentences.parts if self.sentences else []
        return [*self.labels, *([self.sentences.name] if self.sentences else []), *parts]

    def spelt(self, wanted: Mapping[str, Value | None]) -> dict[str, Value | None]:
        """The same with a sentence as its numbers, as near as training had them. Raises `AtelierError` for what is none."""
        found = dict(wanted)
        if self.sentences is None or self.sentences.name not in found:
            return found
        numbers = self.sentences.numbers([found.pop(self.sentences.name)])[0].tolist()
        for name, number in zip(self.sentences.parts, numbers, strict=True):
            knots = self.attribute(name).knots
            found.setdefault(name, min(max(number, knots[0]), knots[-1]))
        return found

    def attribute(self, name: str) -> Attribute:
        """The attribute of this name; `AtelierError`, with those that there are, the nearest first, where there is none."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute
        if self.sentences and name == self.sentences.name:
            raise AtelierError(
                f"{name}: expected an attribute with values of its own, found a sentence, which is asked for as it is: "
                f'{name}="long red hair". Nothing was drawn.'
            )
        valid = nearest_first(name[:80], self.askable)
        raise AtelierError(f"{name[:80]}: expected one of the model's attributes ({valid}). Nothing was drawn.")

    def slices(self) -> list[slice]:
        """Where each attribute stands in what a network is told."""
        ends = np.cumsum([0, *(attribute.width for attribute in self.attributes)]).tolist()
        return [slice(start, end) for start, end in pairwise(ends)]

    def table(self, columns: Mapping[str, Sequence[Value | None]]) -> NDArray[np.float32]:
        """What a network is told of each picture, [N, width], from the values of its labels."""
        parts = [
            np.array([attribute.told(value) for value in columns[attribute.name]], np.float32) for attribute in self.attributes
        ]
        return np.concatenate(parts, axis=1)

    def asked(self, columns: Mapping[str, Sequence[Value | None]]) -> Tensor:
        """The ends of codes, [N, attributes], that ask for these values."""
        rows = [[attribute.asked(value) for value in columns[attribute.name]] for attribute in self.attributes]
        return torch.tensor(rows, dtype=torch.float32).T.contiguous()

    def turned(self, codes: Tensor, wanted: Mapping[str, Value | None]) -> Tensor:
        """Codes [N, latent] with these attributes asked for, the others as they are."""
        turned = codes.clone()
        for name, value in self.spelt(wanted).items():
            place = self.names.index(self.attribute(name).name)
            turned[:, codes.shape[1] - len(self.attributes) + place] = self.attributes[place].asked(value)
        return turned

    def spoken(self, codes: Tensor, texts: Sequence[str]) -> Tensor:
        """Codes [N, latent], each with a sentence asked for. Raises `AtelierError` where the model knows none."""
        if self.sentences is None:
            raise AtelierError("Expected a model that learnt captions, found one that did not. Nothing was drawn.")
        numbers, turned = self.sentences.numbers(texts), codes.clone()
        for part, name in enumerate(self.sentences.parts):
            place, attribute = self.names.index(name), self.attribute(name)
            nearest = np.clip(numbers[:, part].astype(float), attribute.knots[0], attribute.knots[-1]).tolist()
            turned[:, codes.shape[1] - len(self.attributes) + place] = torch.tensor([attribute.asked(one) for one in nearest])
        return turned

    def plain(self) -> list[dict[str, Any]]:
        """As JSON."""
        return [attribute.plain() for attribute in self.attributes]

    @staticmethod
    def from_plain(content: Sequence[dict[str, Any]]) -> "Conditions":
        """Back from JSON."""
        return Conditions(tuple(map(Attribute.from_plain, content)))


def of_labels(columns: Mapping[str, Sequence[Value | None]], knob: str = KNOB) -> Conditions:
    """The conditions that these labels make; `knob` names them, for errors."""
    return Conditions(tuple(Attribute.of(name, column, knob) for name, column in columns.items()))


def rows_having(columns: Mapping[str, Sequence[Value | None]], combination: Mapping[str, Value]) -> list[int]:
    """The rows that have all values of a combination; "none" stands for lacking the label."""
    count = len(next(iter(columns.values())))
    wanted = {name: str(value) for name, value in combination.items()}
    return [
        row
        for row in range(count)
        if all((NONE if columns[name][row] is None else str(columns[name][row])) == value for name, value in wanted.items())
    ]
