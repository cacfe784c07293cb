"""Generation after generation: a generator at several ages, and the discriminators that judge each of them."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganlib.lecture.canvas import canvas, show
from ganlib.lecture.lessons import BATCH, event_one, in_company, lessons
from ganlib.methods.gan import Game
from ganlib.sampling.draw import to_uint8
from ganlib.training.batches import Pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Generations:
    """images: pictures shown before each generation. pictures: what the same codes become in each, uint8 [G, N, H, W, C].

    belief [G, G]: how real the D of the row's generation holds the pictures of the column's generation, the mean of σ(score);
    in_real [G]: the same of real pictures.
    """

    images: tuple[int, ...]
    pictures: Pictures
    belief: NDArray[np.float64]
    in_real: NDArray[np.float64]


@dataclass(frozen=True)
class Generation:
    """What a generation draws, [N, C, H, W] in [-1, 1], and the discriminator that has learnt to see through it."""

    images: int
    pictures: Tensor
    judge: nn.Module


def raise_generations(
    game: Game, pictures: Pictures, seed: int, codes: Tensor, ages: Sequence[int], last_word: int
) -> list[Generation]:
    """Play with pictures uint8 [N, H, W, C] until each of `ages` (pictures shown, rising, in whole batches). There the game is
    copied and, beside it, D has the last word: it learns for `last_word` batches more, from a G that is held fixed; that D is
    the judge of the generation. The game itself goes on as if nothing had been."""
    found, images = [], 0
    for age in ages:
        for batch in islice(lessons(pictures, seed, images), (age - images) // BATCH):
            game.step(batch)
        images = age
        aside = copy.deepcopy(game)
        for batch in islice(lessons(pictures, seed, images), last_word):
            event_one(aside, batch)
        found.append(Generation(images, in_company(game.g, codes), aside.d))
    return found


def compare_generations(generations: Sequence[Generation], real: Tensor) -> Generations:
    """Let every generation's D judge every generation's pictures, and `real` ones."""
    belief = [[_belief(one.judge, other.pictures) for other in generations] for one in generations]
    return Generations(
        tuple(one.images for one in generations),
        np.stack([to_uint8(one.pictures) for one in generations]),
        np.array(belief),
        np.array([_belief(one.judge, real) for one in generations]),
    )


def _belief(judge: nn.Module, pictures: Tensor) -> float:
    return float(torch.sigmoid(in_company(judge, pictures)).mean())


def draw_generations(found: Generations, columns: int = 8) -> "Figure":
    """A strip of pictures a generation, and the table of who believes whom."""
    number = len(found.images)
    figure = canvas(12.6, 0.95 * number + 0.8)
    strips, table = figure.subplots(1, 2, width_ratios=[2.5, 1])
    labels = [f"G{index + 1}, {images / 1000:.0f} kimg" for index, images in enumerate(found.images)]
    show(strips, found.pictures[:, :columns].reshape(-1, *found.pictures.shape[2:]), columns, labels)
    _draw_table(table, found)
    return figure


def _draw_table(axes: "Axes", found: Generations) -> None:
    number = len(found.images)
    table = np.column_stack([found.belief, found.in_real])
    axes.imshow(table, cmap="Blues", vmin=0, vmax=1.6, aspect="auto")  # light enough for black figures on it
    for (row, column), value in np.ndenumerate(table):
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=12)
    axes.set_xticks(range(number + 1), [*(f"G{i + 1}" for i in range(number)), "real"])
    axes.set_yticks(range(number), [f"D{i + 1}" for i in range(number)])
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xlabel("how real each D holds them\n(mean of σ(score): 0 made, 1 real)")
