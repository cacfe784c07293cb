"""Generators whose directions are known, and a reader that measures what it says."""

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganlib.conditions.attribute import Attribute
from ganlib.conditions.conditions import Conditions
from ganlib.sampling.model import Model
from ganlib.sampling.reader import Reader

SIDE, LATENT = 4, 6
BRIGHTNESS = Attribute("brightness", knots=(0.0, 255.0))
TINT = Attribute("tint", ("blue", "none", "red"), (0.3, 0.4, 0.3))


class Linear(nn.Module):
    """Codes [N, latent] times a matrix [pixels, latent]: pictures [N, 3, 4, 4]."""

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.layer = nn.Linear(matrix.shape[1], len(matrix), bias=False)
        self.layer.weight.data = matrix

    def forward(self, codes: Tensor) -> Tensor:
        pictures: Tensor = self.layer(codes).unflatten(1, (3, SIDE, SIDE))
        return pictures


def model_of(generator: nn.Module, latent: int = LATENT, size: int = SIDE, **more: Any) -> Model:
    """A model as if it had been read from a folder."""
    return Model(generator.eval(), latent, size, 3, "digest", {}, **more)


def orthogonal(rows: int, columns: int, seed: int) -> Tensor:
    """A random matrix [rows, columns] with orthonormal columns."""
    dice = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(rows, columns, generator=dice))[0]


def speaking() -> Model:
    """The first number of a code makes pictures brighter, the second one redder or bluer, the third a chequered pattern that
    has no name, the others nothing much."""
    matrix = torch.zeros(3, SIDE, SIDE, LATENT)
    matrix[..., 0] = 0.2
    matrix[0, ..., 1], matrix[2, ..., 1] = 0.15, -0.15
    chequers = (torch.arange(SIDE)[:, None] + torch.arange(SIDE)) % 2 * 2 - 1
    matrix[..., 2] = 0.1 * chequers
    matrix[0, 0, :, 3:] = 0.001 * orthogonal(SIDE, LATENT - 3, 0)
    return model_of(Linear(matrix.flatten(0, 2)))


@dataclass(frozen=True)
class Gauge:
    """Reads brightness and tint off pictures by measuring them."""

    conditions: Conditions = field(default_factory=lambda: Conditions((BRIGHTNESS, TINT)))

    def predict(self, pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
        levels = pictures.astype(float)
        redder = (levels[..., 0] - levels[..., 2]).mean(axis=(1, 2))
        return {"brightness": levels.mean(axis=(1, 2, 3)), "tint": 1 + np.sign(redder) * (np.abs(redder) > 20)}


def gauge(**skills: float) -> Reader:
    """A reader that measures; of these skills."""
    return Reader(cast(Any, Gauge()), {"brightness": 1.0, "tint": 1.0, **skills})
