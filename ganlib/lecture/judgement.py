"""What the discriminator says: a number for every picture, the larger, the better it holds it for real."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganlib.lecture.canvas import canvas
from ganlib.lecture.lessons import as_input, in_company
from ganlib.training.batches import Pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Judgement:
    """pictures: some of every maker, uint8 [N, H, W, C], by its name. belief [N]: how real D holds each of them, σ(score)."""

    pictures: dict[str, Pictures]
    belief: dict[str, NDArray[np.float64]]

    def mean(self, maker: str) -> float:
        """How real D holds the maker's pictures, on average."""
        return float(self.belief[maker].mean())


def judgement(judge: nn.Module, pictures: Mapping[str, Pictures]) -> Judgement:
    """Let D judge pictures of several makers, each among its own."""
    belief = {maker: torch.sigmoid(in_company(judge, as_input(some)).double()).numpy() for maker, some in pictures.items()}
    return Judgement(dict(pictures), belief)


def noise(number: int, size: int, channels: int, seed: int) -> Pictures:
    """Pictures uint8 [number, size, size, channels] of which every value is drawn for itself."""
    return np.random.default_rng(seed).integers(0, 256, (number, size, size, channels), np.uint8)


def draw_judgement(found: Judgement, columns: int = 8) -> "Figure":
    """A row a maker, with what D says below each picture, and the mean of all at the left."""
    makers = list(found.pictures)
    figure = canvas(1.15 * columns + 1.6, 1.38 * len(makers))
    every = figure.subplots(len(makers), columns, squeeze=False)
    for row, maker in zip(every, makers, strict=True):
        for axes, picture, belief in zip(row, found.pictures[maker], found.belief[maker], strict=False):
            axes.imshow(picture if picture.shape[-1] == 3 else picture[..., 0], cmap="gray", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.set_xlabel(f"{belief:.2f}", labelpad=2)
            axes.spines[:].set_visible(False)
        row[0].set_ylabel(f"{maker}\nmean {found.mean(maker):.2f}", rotation=0, ha="right", va="center", labelpad=8)
    return figure
