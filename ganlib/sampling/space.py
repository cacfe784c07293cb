"""The two parts of a code: numbers that are free, and behind them one for each attribute that can be asked for."""

import numpy as np
import torch
from torch import Tensor

from ganlib.conditions.attribute import Attribute
from ganlib.conditions.conditions import Conditions
from ganlib.errors import AtelierError


def width(latent: int, conditions: Conditions | None) -> int:
    """How many numbers of a code [latent] are free."""
    return latent - (0 if conditions is None else len(conditions.attributes))


def parted(codes: Tensor, conditions: Conditions | None) -> tuple[Tensor, Tensor]:
    """Codes [..., latent] as the free numbers [..., width] and those that ask [..., attributes]."""
    free = width(codes.shape[-1], conditions)
    return codes[..., :free], codes[..., free:]


def joined(free: Tensor, asking: Tensor) -> Tensor:
    """What `parted` took apart; one of many codes and one for all fit together."""
    shape = np.broadcast_shapes(free.shape[:-1], asking.shape[:-1])
    return torch.cat([free.expand(*shape, -1), asking.expand(*shape, -1)], dim=-1)


def attribute_of(name: str, conditions: Conditions | None) -> Attribute:
    """The attribute of this name; `AtelierError` where the model has no such one, or none at all."""
    if conditions is None:
        raise AtelierError(
            f"{name[:80]}: expected a model that can be asked for attributes, found one that was trained without conditions. "
            "Nothing was drawn. Train with train.method.name conditional, or find directions that move it (--directions)."
        )
    return conditions.attribute(name)


def place_of(name: str, conditions: Conditions | None) -> int:
    """Where the attribute of this name stands among the numbers that ask; raises as `attribute_of` does."""
    attribute = attribute_of(name, conditions)
    return conditions.attributes.index(attribute) if conditions else 0
