"""Directions with names, found once for a model and kept in a file beside it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from torch import Tensor, tensor

from ganlib.errors import AtelierError
from ganlib.files import write_json
from ganlib.knobs import unknown
from ganlib.methods.langevin import Sampler
from ganlib.metrics.fingerprint import six
from ganlib.sampling.axes import Aim, Axes
from ganlib.sampling.closed_form import closed_form
from ganlib.sampling.fitted import fitted
from ganlib.sampling.model import Model
from ganlib.sampling.moves import LEAST, MORE, Move, moves
from ganlib.sampling.principal import principal
from ganlib.sampling.reader import Reader

NAME = "directions.json"


@dataclass(frozen=True)
class Direction:
    """name: what it moves most, such as "hair_length" or "hair_colour: red", or "principal 3" where that is nothing; each once.

    kind: "principal", "closed-form" or "fitted"; rank: which of its kind, from 1. coordinates: [latent], of length 1; a code plus
    so many times these is a picture with more of it. attribute, towards, effect: what it moves most, to where, and by how much
    (`ganlib.sampling.moves`); None and what little there is where nothing has a name. share: of the variance of activations, or
    of squared weights, that lies along it; of a fitted one how well codes tell the attribute (`ganlib.sampling.fitted`).
    moves: all attributes with their effects.
    """

    name: str
    kind: str
    rank: int
    coordinates: tuple[float, ...]
    attribute: str | None
    towards: str | None
    effect: float
    share: float
    moves: Mapping[str, float]

    @property
    def vector(self) -> Tensor:
        """The coordinates as a tensor."""
        return tensor(self.coordinates)


def find_directions(model: Model, reader: Reader | None, count: int = 8, seed: int = 0) -> list[Direction]:
    """`count` principal and as many closed-form directions, and one fitted to each attribute, or each of its classes, that is no
    condition of the model. Those fitted ones that move nothing are left out; those that move most are first. Without a reader
    nothing has a name, and nothing is fitted. Raises `AtelierError` for a model of the method energy."""
    if isinstance(model.generator, Sampler):
        raise AtelierError(
            "Directions: expected a generator that makes a picture of a code layer by layer, found one of the method energy, "
            "which walks down its network's slope; nothing was done. Name a model of another method."
        )
    found = [
        *_named(model, reader, "principal", principal(model, count, seed)),
        *_named(model, reader, "closed-form", closed_form(model, count)),
    ]
    if reader is not None:
        found += [one for one in _named(model, reader, "fitted", fitted(model, reader, seed)) if one.attribute]
    order = sorted(found, key=lambda one: (one.attribute is None, -one.effect))
    return _each_once(order)


def direction_named(name: str, directions: Sequence[Direction]) -> Direction:
    """The direction of this name; `AtelierError`, with those that there are, the nearest first, where there is none."""
    for one in directions:
        if one.name == name:
            return one
    valid = unknown("direction", name[:80], [one.name for one in directions])
    raise AtelierError(f"{name[:80]}: {valid}. Nothing was drawn.")


def write_directions(folder: Path, model: Model, directions: Sequence[Direction]) -> None:
    """Write directions.json: whose they are, and all of them."""
    write_json(folder / NAME, {"model": model.digest, "directions": [asdict(one) for one in directions]})


def read_directions(folder: Path, model: Model) -> list[Direction]:
    """What `write_directions` wrote. Raises `AtelierError` where it is missing, damaged, or another model's."""
    path = folder / NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        whose, listed = content["model"], content["directions"]
        found = [Direction(**{**one, "coordinates": tuple(one["coordinates"])}) for one in listed]
    except FileNotFoundError:
        raise AtelierError(f"{path}: expected the model's directions, found none. {_AGAIN}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AtelierError(f"{path}: expected a model's directions, found it damaged ({error}). {_AGAIN}") from None
    if whose != model.digest or any(len(one.coordinates) != model.latent for one in found):
        raise AtelierError(f"{path}: expected the directions of the model {model.digest[:12]}, found another's. {_AGAIN}")
    return found


_AGAIN = "Find them: python -m tasks.sample --directions."


def _named(model: Model, reader: Reader | None, kind: str, axes: Axes) -> list[Direction]:
    aims = axes.aims or (None,) * len(axes.directions)
    rows = zip(axes.directions, axes.shares.tolist(), aims, strict=True)
    return [
        _direction(kind, rank, axis, share, moves(model, axis, reader) if reader else [], aim)
        for rank, (axis, share, aim) in enumerate(rows, start=1)
    ]


def _direction(kind: str, rank: int, axis: Tensor, share: float, moved: Sequence[Move], aim: Aim | None) -> Direction:
    """Named by what it moves most, or by what it aims at where it moves that; turned so that there is more of a number ahead."""
    if not moved:
        return Direction(f"{kind} {rank}", kind, rank, tuple(axis.tolist()), None, None, 0.0, six(share), {})
    most = moved[0] if aim is None else next(move for move in moved if move.attribute == aim.attribute)
    forwards = -1.0 if most.effect < 0 and aim is None else 1.0
    astray = aim is not None and (most.effect < 0 or most.towards != aim.towards)
    counts = abs(most.effect) >= LEAST and not astray
    title = most.attribute if most.towards == MORE else f"{most.attribute}: {most.towards}"
    return Direction(
        title if counts else f"{kind} {rank}",
        kind,
        rank,
        tuple(round(forwards * number, 7) for number in axis.tolist()),
        most.attribute if counts else None,
        most.towards if counts else None,
        six(abs(most.effect)),
        six(share),
        {move.attribute: six(forwards * move.effect if move.towards == MORE else move.effect) for move in moved},
    )


def _each_once(directions: Sequence[Direction]) -> list[Direction]:
    """Where two move the same, the weaker one's name says which it is, too."""
    taken: set[str] = set()
    found = []
    for one in directions:
        kept = one if one.name not in taken else replace(one, name=f"{one.name} ({one.kind} {one.rank})")
        taken.add(kept.name)
        found.append(kept)
    return found
