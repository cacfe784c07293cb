"""From what the page asks for to a code, and from a code to what it asks for."""

import math

import numpy as np
import torch
from torch import Tensor

from ganlib.conditions.attribute import Attribute, Value
from ganlib.errors import AtelierError
from ganlib.sampling.draw import codes_for
from ganlib.sampling.interpolate import at
from ganlib.sampling.model import Model
from tasks.explore.directions import along
from tasks.explore.opened import Opened
from tasks.explore.state import PICTURES, WAYS, Origin, State


def code_of(state: State, opened: Opened) -> Tensor:
    """The code [1, latent] of a state: mixed, then truncated, then moved along directions, then asked.

    A state that is nothing but a picture of a seed is the code of that picture, to the bit. Raises `AtelierError` for attributes,
    values and directions that the model does not have.
    """
    model = opened.model
    code = origin(state.first, model)
    if state.second is not None and state.share > 0:
        code = between(code, origin(state.second, model), state.share, model)
    if state.truncation < 1:
        code[:, : _free(model)] *= state.truncation
    code = along(code, opened.directions, state.directions)
    return asked(code, state.conditions, model)


def origin(start: Origin, model: Model) -> Tensor:
    """The code [1, latent] where a walk has come to. Step d to neighbour n goes on the way to a picture of the same seed that
    nothing else uses: number 1,000,000 + 8 d + n."""
    code = rolled(start.seed, start.picture, model)
    for depth, step in enumerate(start.steps):
        code = between(code, rolled(start.seed, PICTURES + WAYS * depth + step.to, model), step.far, model)
    return code


def rolled(seed: int, picture: int, model: Model) -> Tensor:
    """The code [1, latent] of a picture of a seed, as samples are drawn."""
    return codes_for(seed, [picture], model.latent)


def between(first: Tensor, second: Tensor, share: float, model: Model) -> Tensor:
    """The code [1, latent] at a share of the way from one to another, both [1, latent], on a great circle; classes that are
    asked for are those of the nearer one, for between two there is only a third."""
    moved = at(first, second, torch.full((1, 1), share))
    for place, attribute in enumerate(model.conditions.attributes if model.conditions else (), start=_free(model)):
        if attribute.values:
            moved[:, place] = (first if share < 0.5 else second)[:, place]
    return moved


def asked(code: Tensor, wanted: dict[str, str | float], model: Model) -> Tensor:
    """The code, asking for these values. Raises `AtelierError`, with what is valid, for others."""
    if not wanted:
        return code
    if model.conditions is None:
        raise AtelierError(
            f"{next(iter(wanted))[:80]}: expected nothing to be asked of this model, which has no attributes. Nothing was drawn."
        )
    return model.conditions.turned(code, wanted)


def values_of(code: Tensor, model: Model) -> dict[str, Value]:
    """What a code [1, latent] asks for, by attribute, numbers to six digits; empty where a model cannot be asked."""
    if model.conditions is None:
        return {}
    ends = code[0, _free(model) :].tolist()
    return {attribute.name: _value(attribute, end) for attribute, end in zip(model.conditions.attributes, ends, strict=True)}


def _value(attribute: Attribute, end: float) -> Value:
    share = 0.5 * (1 + math.erf(end / math.sqrt(2)))
    if attribute.values:
        place = int(np.searchsorted(np.cumsum(attribute.shares), share, side="right"))
        return attribute.values[min(place, len(attribute.values) - 1)]
    return float(f"{np.interp(share, np.linspace(0, 1, len(attribute.knots)), attribute.knots):.6g}")


def _free(model: Model) -> int:
    """How many numbers of a code ask for nothing."""
    return model.latent - (len(model.conditions.attributes) if model.conditions else 0)
