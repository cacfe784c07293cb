"""What strangers order of a model, a row of a table a picture, and the codes that draw it."""

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ganlib.conditions.attribute import Value
from ganlib.conditions.conditions import Conditions
from ganlib.conditions.encoder import checked
from ganlib.errors import AtelierError
from ganlib.knobs import unknown
from ganlib.sampling.asked import codes_of
from ganlib.sampling.draw import decode
from ganlib.sampling.model import Model
from ganlib.sampling.truncation import truncated
from ganlib.training.batches import Pictures

SEED, INDEX, CODE, TRUNCATION, CONDITIONS = COLUMNS = ("seed", "index", "code", "truncation", "conditions")
MOST = 256  # pictures at a time
_LONGEST = 10_000  # characters of a cell of conditions
_FARTHEST = 100.0  # of a code's numbers, which are standard normal
_LAST = 2**63 - 1  # seed


@dataclass(frozen=True)
class Order:
    """One picture: number `index` of `seed`, as the step sample counts them, or that of `code`, [latent].

    truncation: see `truncated`. wanted: attributes and their values.
    """

    seed: int = 0
    index: int = 0
    code: tuple[float, ...] | None = None
    truncation: float = 1.0
    wanted: Mapping[str, Value] = field(default_factory=dict)


def orders(model: Model, rows: Sequence[Mapping[str, Any]]) -> list[Order]:
    """The orders in the rows of a table, each a mapping from columns to values; what is not there, or None, is not asked for.

    Columns: `seed` or `code`; `index`, `truncation`; `conditions`, a mapping or its JSON; and each attribute of the model by its
    name. Raises `AtelierError` for what is unknown or out of range, with the row.
    """
    if not 1 <= len(rows) <= MOST:
        raise AtelierError(f"Expected 1 to {MOST} rows, a picture each, found {len(rows)}; nothing was drawn. Ask several times.")
    return [_read(row, model, f"row {place}: ") for place, row in enumerate(rows, start=1)]


def fulfil(model: Model, rows: Sequence[Mapping[str, Any]]) -> Pictures:
    """Pictures, uint8 [N, H, W, C], of what the rows of a table order; see `orders`."""
    return decode(model.generator, torch.cat([code_of(model, order) for order in orders(model, rows)]))


def code_of(model: Model, order: Order) -> Tensor:
    """The code [1, latent] that draws what is ordered."""
    code = codes_of(model, 1, order.seed, order.index) if order.code is None else torch.tensor([order.code])
    code = truncated(code, order.truncation, model.conditions)
    return model.conditions.turned(code, order.wanted) if model.conditions else code


def _read(row: Mapping[str, Any], model: Model, where: str) -> Order:
    given = {name: value for name, value in row.items() if not _missing(value)}
    try:
        _check_columns(given, model.conditions)
        return Order(
            seed=_whole(SEED, given.get(SEED, 0), _LAST),
            index=_whole(INDEX, given.get(INDEX, 0), _LAST),
            code=_numbers(given[CODE], model.latent) if CODE in given else None,
            truncation=_number(TRUNCATION, given.get(TRUNCATION, 1.0), 0.0, 1.0),
            wanted=_wanted(given, model.conditions),
        )
    except AtelierError as error:
        raise AtelierError(f"{where}{error}") from None


def _check_columns(given: Mapping[str, Any], conditions: Conditions | None) -> None:
    """That all are known, and that it is said what to draw from: a seed or a code."""
    known = [*COLUMNS, *(conditions.askable if conditions else ())]
    for name in given:
        if name not in known:
            raise AtelierError(f"{str(name)[:80]}: a column {unknown('column', str(name)[:80], known)}. Nothing was drawn.")
    if (SEED in given) == (CODE in given):
        found = "both" if SEED in given else "neither"
        raise AtelierError(f"expected a seed or a code, found {found}. Nothing was drawn.")
    if CODE in given and INDEX in given:
        raise AtelierError("expected an index beside a seed, found it beside a code. Nothing was drawn.")


def _wanted(given: Mapping[str, Any], conditions: Conditions | None) -> dict[str, Value]:
    """Attributes and values, of the columns of their names and of the column of conditions."""
    wanted = {name: value for name, value in given.items() if name not in COLUMNS}
    more = _mapping(given.get(CONDITIONS, {}))
    if twice := sorted(wanted.keys() & more.keys()):
        raise AtelierError(f"{twice[0]}: expected it once, found a column of its own and one in conditions. Nothing was drawn.")
    wanted |= {name: value for name, value in more.items() if not _missing(value)}
    for name, value in wanted.items():
        if conditions is None:
            raise AtelierError(f"{name[:80]}: this model was trained without conditions, and cannot be asked for any.")
        huge = isinstance(value, int) and abs(value) > _LAST
        if huge or isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise AtelierError(f"{name[:80]}: expected a text or a number, found {_shown(value)}. Nothing was drawn.")
        if conditions.sentences and name == conditions.sentences.name:
            wanted[name] = checked(value, name)
            continue
        wanted[name] = _of_class(value) if conditions.attribute(name).values else value
        conditions.attribute(name).asked(wanted[name])
    return wanted


def _of_class(value: Value) -> Value:
    """A class that is written as a number comes as 2.0 out of a table with gaps."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else value


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, str) and len(value) <= _LONGEST:
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if not isinstance(value, Mapping):
        raise AtelierError(
            f'{CONDITIONS}: expected JSON of attributes and values, such as {{"attribute": "value"}}, of {_LONGEST:,} characters '
            f"at most, found {_shown(value)}. Nothing was drawn."
        )
    return {str(name): item for name, item in value.items()}


def _numbers(value: Any, latent: int) -> tuple[float, ...]:
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)) or len(value) != latent:
        found = f"{len(value)} of them" if isinstance(value, Sequence) and not isinstance(value, str) else _shown(value)
        raise AtelierError(f"{CODE}: expected a list of {latent} numbers, found {found}. Nothing was drawn.")
    return tuple(_number(CODE, number, -_FARTHEST, _FARTHEST) for number in value)


def _number(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise AtelierError(f"{name}: expected a number from {low:g} to {high:g}, found {_shown(value)}. Nothing was drawn.")
    return float(value)


def _whole(name: str, value: Any, high: int) -> int:
    """A whole number; tables with a gap in the column hold 7 as 7.0, and above 2⁵³ not exactly."""
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    if isinstance(value, bool) or not (whole or isinstance(value, int)) or not 0 <= value <= high:
        raise AtelierError(f"{name}: expected a whole number from 0 to {high}, found {_shown(value)}. Nothing was drawn.")
    return int(value)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _shown(value: Any) -> str:
    """What was found, in few characters."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LAST:
        return "a number of more than 63 bits"
    if isinstance(value, str):
        return f'"{value[:80]}"'
    return str(value) if isinstance(value, (bool, int, float)) else f"a {type(value).__name__}"
