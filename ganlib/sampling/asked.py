"""What drawn pictures are asked to be: values of attributes to codes, and back."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from ganlib.conditions.attribute import NONE, Attribute, Value
from ganlib.conditions.conditions import Conditions
from ganlib.conditions.encoder import checked
from ganlib.conditions.labels import PREFIX
from ganlib.errors import AtelierError
from ganlib.pictures.tables import label_array
from ganlib.sampling.draw import codes_for
from ganlib.sampling.model import Model
from ganlib.sampling.space import attribute_of, joined, parted

#: Values by attribute, one for each picture; None where it is to lack the label.
Asked = Mapping[str, Sequence[Value | None]]

_OF_CONDITIONS = 1  # sets the dice that choose conditions apart from those that roll codes


def asked_of(model: Model, number: int, seed: int, first: int = 0) -> Asked | None:
    """What `number` pictures of a seed are to be, together as the pictures were from which the model learnt: short hair is as
    often red there. None where the model does not know; each attribute is then asked for by itself, as often as it was there.

    Picture i's are a function of (seed, i) alone.
    """
    if model.conditions is None or model.seen is None:
        return None
    there = len(next(iter(model.seen.values())))
    rows = [int(np.random.default_rng([seed, index, _OF_CONDITIONS]).integers(there)) for index in range(first, first + number)]
    return {name: [model.seen[name][row] for row in rows] for name in model.conditions.names}


def codes_of(model: Model, number: int, seed: int, first: int = 0) -> Tensor:
    """The codes [number, latent] of pictures `first` and following of a seed, with what `asked_of` says; standard normal."""
    codes = codes_for(seed, range(first, first + number), model.latent)
    asked = asked_of(model, number, seed, first)
    if asked is None or model.conditions is None:
        return codes
    return joined(parted(codes, model.conditions)[0], model.conditions.asked(asked))


@torch.no_grad()
def values_of(model: Model, codes: Tensor) -> dict[str, list[Value | None]]:
    """What codes [N, latent] ask for, by attribute, as the network is told; None for lacking the label, as in data sets."""
    if model.conditions is None:
        return {}
    told = model.generator.told(codes.to(next(model.generator.parameters()).device)).cpu()  # type: ignore[operator]
    places = zip(model.conditions.attributes, model.conditions.slices(), strict=True)
    return {attribute.name: _values(attribute, told[:, place]) for attribute, place in places}


def _values(attribute: Attribute, told: Tensor) -> list[Value | None]:
    if not attribute.values:
        numbers: list[Value | None] = attribute.untold(told[:, 0].double().numpy()).tolist()
        return numbers
    chosen = [attribute.values[place] for place in told.argmax(dim=1).tolist()]
    return [None if value == NONE else value for value in chosen]


def table_of(asked: Asked) -> pa.Table:
    """The table that goes with drawn pictures: a column `label.<name>` for each attribute, a row for each picture."""
    return pa.table({f"{PREFIX}{name}": label_array(values) for name, values in asked.items()})


def wishes(texts: Sequence[str], conditions: Conditions | None) -> dict[str, Value | None]:
    """Values by attribute out of texts such as `hair_colour=red`; a later one outdoes an earlier one.

    Raises `AtelierError` for what is no such text, and an attribute or a value that the model does not know: it lists the valid
    ones, the nearest first.
    """
    found: dict[str, Value | None] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise AtelierError(f"{text[:80]}: expected an attribute and its value, as in hair_colour=red. Nothing was drawn.")
        name, value = name.strip(), value.strip()
        if conditions and conditions.sentences and name == conditions.sentences.name:
            found[name] = checked(value, name)
            continue
        attribute = attribute_of(name, conditions)
        found[attribute.name] = attribute.values[attribute.place(value)] if attribute.values else attribute.number(value)
    return found
