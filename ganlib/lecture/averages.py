"""The average of two codes: what an auto-encoder draws from it, and a variational one, and how far either lies from real ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.lecture.canvas import MADE, QUIET, REAL, canvas, ruled, show
from ganlib.lecture.lessons import as_input
from ganlib.metrics.extractors import Extractor
from ganlib.metrics.features import extract
from ganlib.metrics.frechet import frechet_distance
from ganlib.sampling.draw import decode, to_uint8
from ganlib.training.batches import Pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Pictures [N, C, H, W] to codes [N, latent].
Encode = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Averages:
    """N pairs of pictures, uint8 [N, H, W, C]: the two as they come back from their codes, and what the average of these gives.

    distance_ends, distance_between: Fréchet distances from real pictures, of N pictures each. sharpness_ends,
    sharpness_between: the mean difference of neighbouring pixels, as a share of that of the real pairs. bend: how far the
    average is from both pictures laid over each other, as a share of how far these are from that; 0 for a linear decoder.
    """

    first: Pictures
    second: Pictures
    between: Pictures
    distance_ends: float
    distance_between: float
    sharpness_ends: float
    sharpness_between: float
    bend: float

    @property
    def cost(self) -> float:
        """How many times as far from real pictures the averages are as what they are averages of."""
        return self.distance_between / self.distance_ends


@dataclass(frozen=True)
class Yardstick:
    """Real pairs, uint8 [2, N, H, W, C], and the features [M, D] of other real pictures, which distances are measured from."""

    pairs: Pictures
    features: NDArray[np.float32]
    extractor: Extractor

    def distance(self, pictures: Pictures) -> float:
        """The Fréchet distance of pictures from the real ones."""
        return frechet_distance(extract(pictures, self.extractor), self.features)

    def sharpness(self, pictures: Pictures) -> float:
        """How sharp pictures are, as a share of the real pairs' sharpness."""
        return contrast(pictures) / contrast(self.pairs.reshape(-1, *self.pairs.shape[2:]))


def yardstick(real: Pictures, others: Pictures, pairs: int, extractor: Extractor) -> Yardstick:
    """The first 2 × `pairs` of `real` as pairs, of one and the one after it; distances from `others`."""
    chosen = real[: 2 * pairs]
    return Yardstick(np.stack([chosen[0::2], chosen[1::2]]), extract(others, extractor), extractor)


def contrast(pictures: Pictures) -> float:
    """The mean difference, in levels, of pixels that are neighbours in a row or in a column."""
    levels = pictures.astype(np.float64)
    return float((np.abs(np.diff(levels, axis=1)).mean() + np.abs(np.diff(levels, axis=2)).mean()) / 2)


def averages(encode: Encode, decoder: torch.nn.Module, rule: Yardstick) -> Averages:
    """Encode both pictures of every pair; decode their codes, and the averages of these."""
    with torch.no_grad():
        codes = [encode(as_input(pictures)) for pictures in rule.pairs]
    first, second, between = (decode(decoder, some) for some in (*codes, (codes[0] + codes[1]) / 2))
    return _measured(first, second, between, rule)


def cross_fades(rule: Yardstick) -> Averages:
    """The same where the pictures themselves are averaged, pixel by pixel: two faces at once."""
    first, second = rule.pairs
    return _measured(first, second, to_uint8((as_input(first) + as_input(second)) / 2), rule)


def _measured(first: Pictures, second: Pictures, between: Pictures, rule: Yardstick) -> Averages:
    ends = np.concatenate([first[0::2], second[1::2]])  # as many as there are averages: distances depend on the number
    return Averages(
        first,
        second,
        between,
        rule.distance(ends),
        rule.distance(between),
        rule.sharpness(ends),
        rule.sharpness(between),
        _bend(*(pictures.astype(np.float64) for pictures in (first, second, between))),
    )


def _bend(first: NDArray[np.float64], second: NDArray[np.float64], between: NDArray[np.float64]) -> float:
    """Root mean squares over all pairs; 0 where there is nothing between the two."""
    overlay = (first + second) / 2
    apart = np.square(first - overlay).mean()
    return float(np.sqrt(np.square(between - overlay).mean() / apart)) if apart else 0.0


def draw_averages(pixels: Averages, auto: Averages, variational: Averages, columns: int = 8) -> "Figure":
    """Pairs, one below the other in a column, with their averages between them; and how far all lie from real pictures."""
    figure = canvas(11, 6.4)
    left, right = figure.subplots(1, 2, width_ratios=[1.75, 1])
    rows, labels = [], []
    for name, found in (("pixels", pixels), ("auto-encoder", auto), ("VAE", variational)):
        rows += [found.first[:columns], found.between[:columns], found.second[:columns]]
        labels += [f"{name}:  A", "(A + B) / 2", "B"]
    show(left, np.concatenate(rows), columns, labels)
    axes, places = ruled(right), np.arange(3)
    three = (pixels, auto, variational)
    bars = axes.bar(places - 0.2, [found.distance_ends for found in three], 0.4, color=REAL, label="A and B")
    axes.bar_label(bars, fmt="%.0f", padding=2)
    bars = axes.bar(places + 0.2, [found.distance_between for found in three], 0.4, color=MADE, label="(A + B) / 2")
    axes.bar_label(bars, fmt="%.0f", padding=2)
    axes.set_xticks(places, ["pixels", "auto-encoder", "VAE"])
    axes.set(title="Fréchet distance from real pictures", ylabel="fd_lite0: lower is better")
    axes.margins(y=0.15)
    axes.legend(loc="upper left", edgecolor=QUIET)
    return figure
