"""The pictures themselves, made small: no network; for tests, toys, and a look at what a network adds."""

from torch import nn

from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors.base import Extractor


def load(config: EvaluateConfig) -> Extractor:
    """The levels of `config.size` squared pixels in three colours, from 0 to 1; the smaller the size, the better behaved."""
    return Extractor("pixels", nn.Flatten(), 3 * config.size**2, config.size, scale=255.0)
