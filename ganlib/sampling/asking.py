"""Codes that ask: of a data set's own combinations of attributes, and of one attribute turned while all else is held."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from ganlib.conditions.attribute import Attribute, Value
from ganlib.sampling.draw import codes_for
from ganlib.sampling.model import Model

Columns = Mapping[str, Sequence[Value | None]]
#: Where a number is put to see what turning it does: a tenth and nine tenths of the pictures have less.
LOW, HIGH = -1.2816, 1.2816


def asking(model: Model, columns: Columns, number: int, seed: int) -> tuple[Tensor, dict[str, list[Value | None]]]:
    """`number` codes of a seed, and what they ask for: the attributes of pictures drawn at random from the rows of `columns`.

    So attributes go together as they do in the data. The model must have conditions.
    """
    conditions = model.conditions
    assert conditions is not None  # noqa: S101  said above
    count = len(columns[conditions.names[0]])
    rows = np.random.default_rng([seed, 1]).integers(count, size=number)
    asked = {name: [columns[name][row] for row in rows] for name in conditions.names}
    codes = codes_for(seed, range(number), model.latent)
    codes[:, model.latent - len(conditions.names) :] = conditions.asked(asked)
    return codes, asked


def turned(model: Model, codes: Tensor, attribute: Attribute) -> tuple[Tensor, Tensor]:
    """The codes with one attribute as it is, or low, and with another value, or high; all else is held."""
    conditions = model.conditions
    assert conditions is not None  # noqa: S101  codes that ask are those of a model with conditions
    place = model.latent - len(conditions.names) + conditions.names.index(attribute.name)
    before, after = codes.clone(), codes.clone()
    if attribute.values:
        first, second = (attribute.asked(value) for value in attribute.values[:2])
        changed = (codes[:, place] - first).abs() < 1e-6
        after[:, place] = changed.float() * second + (~changed).float() * first
    else:
        before[:, place], after[:, place] = LOW, HIGH
    return before, after
