"""Where a picture lies among others: what it shows, by the features that scores use, and a little of its layout."""

from contextlib import nullcontext
from functools import lru_cache
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import adaptive_avg_pool2d

from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import Extractor, load_extractor
from ganlib.metrics.features import extract
from ganlib.pictures.crew import padded
from ganlib.pictures.decode import Pixels
from ganlib.pictures.views import VIEW

FEATURES, LAYOUT = 1280, 3 * 4 * 4
DIMENSIONS = FEATURES + LAYOUT
BATCH = 32  # as the extractor has it
_GPU = Lock()  # its settings are those of the whole process
_LAYOUT = 0.2  # weight of a 4 by 4 reduction of the picture beside its features, whose length is 1


def points(views: Pixels) -> NDArray[np.float32]:
    """Of views uint8 [N, 64, 64, 3], float32 [N, D]; of each the same whatever the others are."""
    with _GPU if torch.cuda.is_available() else nullcontext():
        features = extract(padded(views, -(-len(views) // BATCH) * BATCH), _extractor(), quiet=True)[: len(views)]
    lengths = np.linalg.norm(features, axis=1, keepdims=True).clip(1e-9)
    layout = adaptive_avg_pool2d(torch.from_numpy(views).permute(0, 3, 1, 2).float(), 4).flatten(1) / 255
    return np.concatenate([features / lengths, _LAYOUT * layout.numpy()], axis=1)


@lru_cache
def _extractor() -> Extractor:
    return load_extractor(EvaluateConfig(size=VIEW))
