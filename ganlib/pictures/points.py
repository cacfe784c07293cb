"""Where a picture lies among others: by what a network that was taught photographs makes of it on its way to their names.

At four depths, the mean and the deviation over all places of each channel: kinds of strokes and textures first, parts of things
last. Of strangers among drawings by another hand this tells a third more apart than the last layer, which knows nothing but what
is depicted; and drawings of the same things lie as near to each other as there.
"""

from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache
from math import sqrt
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import Extractor, load_extractor
from ganlib.metrics.features import extract
from ganlib.pictures.crew import padded
from ganlib.pictures.decode import Pixels
from ganlib.pictures.views import VIEW

_CHANNELS = {4: 40, 7: 80, 10: 112, 14: 192}  # of those of the sixteen blocks that are asked
DIMENSIONS = 2 * sum(_CHANNELS.values())
BATCH = 32  # as the extractor has it
_GPU = Lock()  # its settings are those of the whole process


def points(views: Pixels) -> NDArray[np.float32]:
    """Of views uint8 [N, 64, 64, 3], float32 [N, D] of length 1; of each the same whatever the others are."""
    with _GPU if torch.cuda.is_available() else nullcontext():
        return extract(padded(views, -(-len(views) // BATCH) * BATCH), _extractor(), quiet=True)[: len(views)]


class _OnTheWay(nn.Module):
    """Means and deviations, [B, D], within an EfficientNet-lite; those of a depth together of the same length as of another."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.stem, self.bend = nn.Sequential(body._conv_stem, body._bn0), body._swish
        self.blocks = nn.ModuleList(body._blocks[: max(_CHANNELS) + 1])

    def forward(self, x: Tensor) -> Tensor:
        x = self.bend(self.stem(x))
        found: list[Tensor] = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in _CHANNELS:
                places = x.flatten(2)
                found.append(normalize(torch.cat([places.mean(2), places.std(2, correction=0)], dim=1)))
        return torch.cat(found, dim=1) / sqrt(len(found))


@lru_cache
def _extractor() -> Extractor:
    lite0 = load_extractor(EvaluateConfig(size=VIEW))
    return replace(lite0, network=_OnTheWay(lite0.network.body), dimension=DIMENSIONS)
