"""What a direction moves, read off pictures drawn at its two ends."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.conditions.attribute import Attribute
from ganlib.sampling.draw import codes_for, decode
from ganlib.sampling.model import Model
from ganlib.sampling.reader import Reader

#: How many codes are moved, and how far to either side; of standard normal numbers one in 22 lies further out.
NUMBER, REACH = 200, 2.0
#: Less than this, and a direction moves nothing that has a name.
LEAST = 0.2
#: To where numbers move.
MORE = "more"


@dataclass(frozen=True)
class Move:
    """attribute: its name. effect: from -1 to 1, by how much its two ends can be told apart by the attribute alone.

    towards: which class there is more of at its end; of numbers "more".
    """

    attribute: str
    effect: float
    towards: str


def moves(model: Model, direction: Tensor, reader: Reader, seed: int = 1, number: int = NUMBER) -> list[Move]:
    """What `direction` [latent], of length 1, moves, the most moved attribute first.

    Of numbers it is Cliff's δ: how much more often a picture of the one end has more of it than a picture of the other end than
    the other way round. Of classes it is the total variation between the shares at both ends. Both are 0 where the attribute
    says nothing of which end a picture is from, and 1 where it says all; pictures of both ends are of the same codes.
    """
    codes = codes_for(seed, range(number), model.latent)
    ends = decode(model.generator, torch.cat([codes - REACH * direction, codes + REACH * direction]))
    read = reader.read(ends)
    found = [_move(attribute, *np.split(read[attribute.name], 2)) for attribute in reader.attributes]
    return sorted(found, key=lambda move: -abs(move.effect))


def _move(attribute: Attribute, behind: NDArray[np.float64], ahead: NDArray[np.float64]) -> Move:
    if attribute.values:
        count = len(attribute.values)
        gain = np.bincount(ahead.astype(int), minlength=count) - np.bincount(behind.astype(int), minlength=count)
        return Move(attribute.name, float(np.abs(gain).sum() / (2 * len(ahead))), attribute.values[int(gain.argmax())])
    return Move(attribute.name, float(np.sign(ahead[:, None] - behind).mean()), MORE)
