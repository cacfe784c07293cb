"""One attribute turned while all else of a code is held: what a change of it, and of nothing else, does."""

import numpy as np
from torch import Tensor

from ganlib.conditions.attribute import Attribute
from ganlib.sampling.model import Model
from ganlib.sampling.space import place_of, width

#: Where a number is put to see what turning it does: a tenth and nine tenths of the pictures have less.
LOW, HIGH = -1.2816, 1.2816
#: Where its least and its greatest are, for one that nearly all pictures have alike.
LEAST, GREATEST = -8.0, 8.0


def turned(model: Model, codes: Tensor, attribute: Attribute) -> tuple[Tensor, Tensor]:
    """The codes as they are, or with a low number, and with another class, or a high number; all else is held."""
    place = width(model.latent, model.conditions) + place_of(attribute.name, model.conditions)
    before, after = codes.clone(), codes.clone()
    if attribute.values:
        first, second = (attribute.asked(value) for value in attribute.values[:2])
        is_first = (codes[:, place] - first).abs() < 1e-6
        after[:, place] = is_first * second + ~is_first * first
    else:
        low, high = np.interp((0.1, 0.9), np.linspace(0, 1, len(attribute.knots)), attribute.knots)
        before[:, place], after[:, place] = (LOW, HIGH) if low < high else (LEAST, GREATEST)
    return before, after
