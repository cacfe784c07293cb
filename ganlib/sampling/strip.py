"""A strip: one thing swept from end to end, all else held."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganlib.conditions.attribute import Attribute, Value
from ganlib.conditions.conditions import Conditions
from ganlib.errors import AtelierError
from ganlib.sampling.space import attribute_of

#: How far a direction is followed to either side; of standard normal numbers one in 740 lies further out.
REACH = 3.0


@dataclass(frozen=True)
class Strip:
    """codes: [steps, latent]. values: for each what is asked for, or how far along the direction it lies."""

    codes: Tensor
    values: Sequence[Value]


def attribute_strip(
    code: Tensor, conditions: Conditions | None, name: str, steps: int = 9, values: Sequence[Value] | None = None
) -> Strip:
    """The code [latent] with one attribute asked for at each of `values`; without them at all of its classes, or at `steps`
    numbers from its least to its greatest. Raises `AtelierError` for an attribute or a value that the model does not know."""
    attribute = attribute_of(name, conditions)
    swept = values_along(attribute, steps) if values is None else values
    return Strip(torch.cat([conditions.turned(code[None], {name: value}) for value in swept if conditions]), swept)


def values_along(attribute: Attribute, steps: int) -> Sequence[Value]:
    """All of an attribute's classes, or `steps` numbers at even distances from its least to its greatest."""
    if attribute.values:
        return attribute.values
    low, high = attribute.knots[0], attribute.knots[-1]
    return [low + (high - low) * step / (steps - 1) for step in range(steps - 1)] + [high]  # to the bit: nothing lies beyond


def coordinate_strip(code: Tensor, place: int, steps: int = 9, reach: float = REACH) -> Strip:
    """The code [latent] with its number `place` swept from -reach to reach."""
    if not 0 <= place < len(code):
        raise AtelierError(f"coordinate: expected one from 0 to {len(code) - 1}, found {place}. Nothing was drawn.")
    values = torch.linspace(-reach, reach, steps)
    codes = code.expand(steps, -1).clone()
    codes[:, place] = values
    return Strip(codes, values.tolist())


def direction_strip(code: Tensor, coordinates: Tensor, steps: int = 9, reach: float = REACH) -> Strip:
    """The code [latent] moved by -reach to reach along `coordinates` [latent], of length 1; it is itself in the middle of an
    odd number of steps."""
    values = torch.linspace(-reach, reach, steps)
    return Strip(code + values[:, None] * coordinates, values.tolist())
