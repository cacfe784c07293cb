"""What is drawn by those who learn without a discriminator: how sharp it is, and how it looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ganlib.lecture.averages import contrast
from ganlib.lecture.canvas import canvas, show
from ganlib.training.batches import Pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Alone:
    """pictures: of every maker, uint8 [N, H, W, C]. sharpness: the mean difference of neighbouring pixels, as a share of that of
    real pictures."""

    pictures: dict[str, Pictures]
    sharpness: dict[str, float]


def alone(real: Pictures, pictures: Mapping[str, Pictures]) -> Alone:
    """Compare the sharpness of what several makers drew with that of `real` pictures."""
    return Alone(dict(pictures), {maker: contrast(some) / contrast(real) for maker, some in pictures.items()})


def draw_alone(found: Alone, columns: int = 10) -> "Figure":
    """A row a maker."""
    figure = canvas(columns + 1.5, len(found.pictures) + 0.1)
    rows = np.concatenate([some[:columns] for some in found.pictures.values()])
    show(figure.subplots(), rows, columns, [f"{maker}\nsharpness {found.sharpness[maker]:.0%}" for maker in found.pictures])
    return figure
