"""From what the page asks for to a code, and from codes to what they ask for."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ganlib.conditions.attribute import NONE, Value
from ganlib.sampling import asked as library
from ganlib.sampling.interpolate import between
from ganlib.sampling.model import Model
from ganlib.sampling.space import attribute_of
from ganlib.sampling.truncation import truncated
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
        code = _between(code, origin(state.second, model), state.share, model)
    if state.truncation < 1:
        code = truncated(code, state.truncation, model.conditions)
    code = along(code, opened.directions, state.directions)
    return asked(code, state.conditions, model)


def origin(start: Origin, model: Model) -> Tensor:
    """The code [1, latent] where a walk has come to. Step d to neighbour n goes on the way to a picture of the same seed that
    nothing else uses: number 1,000,000 + 8 d + n."""
    code = library.codes_of(model, 1, start.seed, start.picture)
    for depth, step in enumerate(start.steps):
        towards = library.codes_of(model, 1, start.seed, PICTURES + WAYS * depth + step.to)
        code = _between(code, towards, step.far, model)
    return code


def _between(first: Tensor, second: Tensor, share: float, model: Model) -> Tensor:
    return between(first[0], second[0], torch.full((1, 1), share), model.conditions)


def asked(code: Tensor, wanted: Mapping[str, str | float], model: Model) -> Tensor:
    """The code, asking for these values. Raises `AtelierError`, with what is valid, for others."""
    for name in wanted:
        if not is_sentence(name, model):
            attribute_of(name, model.conditions)
    return model.conditions.turned(code, wanted) if model.conditions else code


def is_sentence(name: str, model: Model) -> bool:
    """Whether it is what the model calls a sentence."""
    return bool(model.conditions and model.conditions.sentences and model.conditions.sentences.name == name)


def values_of(codes: Tensor, model: Model) -> list[dict[str, Value]]:
    """What each of codes [N, latent] asks for, by attribute, numbers to six digits; empty where a model cannot be asked.

    What sentence it asks for is not known, only its numbers, which say nothing to a person."""
    found = library.values_of(model, codes)
    shown = model.conditions.labels if model.conditions else []
    return [{name: _plain(found[name][row]) for name in shown} for row in range(len(codes))]


def _plain(value: Value | None) -> Value:
    return float(f"{value:.6g}") if isinstance(value, float) else NONE if value is None else value
