"""One value of the code turned, all others held: what changes in the picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ganlib.lecture.canvas import MADE, QUIET, canvas, ruled, show
from ganlib.sampling.draw import decode
from ganlib.training.batches import Pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Sweep:
    """place: which value of the code is turned, the one that changes pictures most. values [S]: what it is set to.

    pictures: uint8 [N, S, H, W, C]. changes [latent]: the mean difference, in levels, of pictures with a value at one end and at
    the other; apart: the same of pictures from different codes.
    """

    place: int
    values: NDArray[np.float64]
    pictures: Pictures
    changes: NDArray[np.float64]
    apart: float


def sweep(generator: nn.Module, codes: Tensor, reach: float = 2.5, steps: int = 7) -> Sweep:
    """Turn each value of `codes` [N, latent] from -reach to reach, and the one that changes the most in `steps` steps."""
    ends = [[decode(generator, _turned(codes, place, value)) for value in (-reach, reach)] for place in range(codes.shape[1])]
    changes = np.array([_difference(*pair) for pair in ends])
    place, values = int(changes.argmax()), np.linspace(-reach, reach, steps)
    pictures = np.stack([decode(generator, _turned(codes, place, value)) for value in values], axis=1)
    drawn = decode(generator, codes)
    return Sweep(place, values, pictures, changes, _difference(drawn, np.roll(drawn, 1, axis=0)))


def _turned(codes: Tensor, place: int, value: float) -> Tensor:
    turned = codes.clone()
    turned[:, place] = value
    return turned


def _difference(one: Pictures, other: Pictures) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def draw_sweep(found: Sweep, rows: int = 5) -> "Figure":
    """A row a code, the value rising from left to right; beside it, how much each value of the code changes."""
    figure = canvas(10.5, 4.3)
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    shown = found.pictures[:rows]
    show(left, shown.reshape(-1, *shown.shape[2:]), shown.shape[1])
    left.set_title(
        f"value {found.place} of the code, from {found.values[0]:g} to {found.values[-1]:g}; all others held", fontsize=10
    )
    axes = ruled(right)
    order = np.argsort(-found.changes)
    axes.bar(range(len(order)), found.changes[order], color=MADE, width=1.0)
    axes.axhline(found.apart, color=QUIET, linestyle="dashed", label="two different codes")
    axes.set(
        xlabel="values of the code, the strongest first", ylabel="mean change of a pixel, in levels of 255", xlim=(-1, len(order))
    )
    axes.set_title("how much each value changes", fontsize=10)
    axes.legend()
    return figure
