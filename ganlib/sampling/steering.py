"""Sheets that a person asks for by name: strips, mixtures, directions, a picture found again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganlib.errors import AtelierError
from ganlib.metrics.fingerprint import six
from ganlib.pictures.decode import Pixels
from ganlib.sampling.asked import codes_of
from ganlib.sampling.directions import Direction
from ganlib.sampling.draw import decode
from ganlib.sampling.mixing import mixed
from ganlib.sampling.model import Model
from ganlib.sampling.project import Projection
from ganlib.sampling.strip import attribute_strip, direction_strip

#: What becomes of codes [N, latent] before they are drawn: conditions turned, free numbers truncated.
Turn = Callable[[Tensor], Tensor]

#: Directions on their sheet, at most.
SHOWN = 24


@dataclass(frozen=True)
class Sheet:
    """pictures: uint8 [N, H, W, C], `columns` in a row. about: what the card says of them."""

    pictures: Pixels
    columns: int
    about: Mapping[str, Any] = field(default_factory=dict)


def attribute_sheet(model: Model, name: str, rows: int, steps: int, seed: int, turn: Turn) -> Sheet:
    """The first `rows` portraits of a seed, each with one attribute swept. Raises `AtelierError` for an unknown one."""
    strips = [attribute_strip(code, model.conditions, name, steps) for code in turn(codes_of(model, rows, seed))]
    values = list(strips[0].values)
    return Sheet(_drawn(model, [strip.codes for strip in strips]), len(values), {"strip": name, "values": values})


def sentences_sheet(model: Model, first: str, second: str, rows: int, steps: int, seed: int, turn: Turn) -> Sheet:
    """The first `rows` portraits of a seed, each asked for one sentence, then by even steps for another. Raises `AtelierError`
    where the model did not learn captions, or a sentence is none."""
    if model.conditions is None or model.conditions.sentences is None:
        raise AtelierError("--between: expected a model that learnt captions, found one that did not. Nothing was drawn.")
    name, shares = model.conditions.sentences.name, torch.linspace(0, 1, steps)[:, None]
    strips = []
    for code in turn(codes_of(model, rows, seed)):
        start, end = (model.conditions.turned(code[None], {name: text}) for text in (first, second))
        strips.append(start + shares * (end - start))
    return Sheet(_drawn(model, strips), steps, {"between": [first, second], "shares": shares[:, 0].tolist()})


def direction_sheet(model: Model, direction: Direction, rows: int, steps: int, seed: int, turn: Turn) -> Sheet:
    """The first `rows` portraits of a seed, each moved along a direction."""
    strips = [direction_strip(code, direction.vector, steps) for code in turn(codes_of(model, rows, seed))]
    about = {"along": direction.name, "values": list(strips[0].values)}
    return Sheet(_drawn(model, [strip.codes for strip in strips]), steps, about)


def mixing_sheet(model: Model, first: int, second: int, steps: int, turn: Turn) -> Sheet:
    """From the first portrait of a seed to that of another one: a row with what the one asks for, and where the model can be
    asked a row with what the other does."""
    start, end = (turn(codes_of(model, 1, seed))[0] for seed in (first, second))
    shares, names = torch.linspace(0, 1, steps).tolist(), model.conditions.names if model.conditions else []
    rows = [torch.stack([mixed(start, end, share, model.conditions, some) for share in shares]) for some in ([], names)]
    return Sheet(_drawn(model, rows if names else rows[:1]), steps, {"mix": [first, second], "shares": shares})


def directions_sheet(model: Model, directions: Sequence[Direction], steps: int, seed: int, turn: Turn) -> Sheet:
    """The first portrait of a seed, moved along each of the first directions: a row each, in their order."""
    code, shown = turn(codes_of(model, 1, seed))[0], directions[:SHOWN]
    rows = [direction_strip(code, one.vector, steps).codes for one in shown]
    return Sheet(_drawn(model, rows), steps, {"directions": [one.name for one in shown]})


def projection_sheet(picture: Pixels, found: Projection) -> Sheet:
    """A picture, and beside it what the code draws that was found for it."""
    about = {"error": six(found.error), "asked": dict(found.asked), "code": [six(number) for number in found.code.tolist()]}
    return Sheet(np.stack([picture, found.reconstruction]), 2, {"projection": about})


def _drawn(model: Model, codes: Sequence[Tensor]) -> Pixels:
    return decode(model.generator, torch.cat(list(codes)))
