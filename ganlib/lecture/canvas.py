"""Sheets of pictures and axes that look alike in all figures of the lecture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganlib.sampling.grid import grid
from ganlib.training.batches import Pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SCALE, _GAP = 4, 4

#: The same colours for the same things in every figure.
REAL, MADE, OTHER, QUIET = "tab:blue", "tab:orange", "tab:green", "tab:grey"


def canvas(width: float, height: float) -> "Figure":
    """An empty figure, sizes in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def ruled(axes: "Axes") -> "Axes":
    """A light grid behind what is drawn."""
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    return axes


def show(axes: "Axes", pictures: Pictures, columns: int, labels: Sequence[str] = ()) -> None:
    """Pictures uint8 [N, H, W, C] as one sheet without axes, pixels left square; the rows' `labels` stand at its left."""
    sheet = grid(pictures, columns, _SCALE, _GAP)
    axes.imshow(np.repeat(sheet, 3, axis=2) if sheet.shape[2] == 1 else sheet, interpolation="nearest")
    high = _SCALE * pictures.shape[1] + _GAP
    axes.set_xticks([])
    axes.set_yticks([_GAP + (row + 0.5) * high for row in range(len(labels))], list(labels))
    axes.tick_params(length=0)
    axes.set_anchor("E")  # what room is left over is the labels'
    axes.spines[:].set_visible(False)
