"""Why negative examples matter: discriminators that were taught with none, with noise, and with what a generator draws."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganlib.lecture.canvas import MADE, OTHER, REAL, canvas, ruled
from ganlib.lecture.lessons import as_input, in_company
from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Gan
from ganlib.objectives.nonsaturating import Nonsaturating
from ganlib.objectives.penalties import r1
from ganlib.training.batches import Pictures
from ganlib.training.descent import adam, descend, placed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Positives:
    """taken [J, K]: the share of the pictures of every kind, in `kinds`, that each judge, in `judges`, takes for real."""

    judges: tuple[str, ...]
    kinds: tuple[str, ...]
    taken: NDArray[np.float64]

    def share(self, judge: str, kind: str) -> float:
        """The share of the pictures of that kind that the judge takes for real."""
        return float(self.taken[self.judges.index(judge), self.kinds.index(kind)])


def taught(knobs: Gan, setting: Setting, batches: Iterator[Batch], negatives: Tensor | None, steps: int) -> nn.Module:
    """A new discriminator after `steps` batches of positive examples, each beside as many of `negatives` [M, C, H, W], if any.

    The loss is that of the non-saturating game, or the half of it that real pictures have, with R1 in the weight of the game
    whose `knobs` these are.
    """
    judge = placed(knobs.judge(setting.size, setting.channels), setting.device)
    optimiser = adam(judge, knobs.lr_discriminator, knobs.beta1, knobs.beta2)
    for batch in islice(batches, steps):
        score = judge(batch.real)
        if negatives is None:
            loss = softplus(-score).mean()
        else:
            rows = torch.randint(len(negatives), (len(batch.real),), generator=batch.dice)
            loss = Nonsaturating().discriminator(score, judge(negatives[rows]))
        flatness = r1.penalty(judge, batch.real, batch.real, batch.dice)
        descend(optimiser, loss + knobs.penalties["r1"] * flatness, "discriminator")
    return judge


def positives(judges: Mapping[str, nn.Module], kinds: Mapping[str, Pictures]) -> Positives:
    """Let every judge say of every kind of pictures, uint8 [N, H, W, C], whether they are real: whether its score is above 0."""
    inputs = {kind: as_input(pictures) for kind, pictures in kinds.items()}
    taken = [[float((in_company(judge, some) > 0).double().mean()) for some in inputs.values()] for judge in judges.values()]
    return Positives(tuple(judges), tuple(kinds), np.array(taken))


def draw_positives(found: Positives) -> "Figure":
    """A group of bars a judge, a bar a kind of pictures."""
    figure = canvas(8.4, 4.0)
    axes = ruled(figure.subplots())
    places, width = np.arange(len(found.judges)), 0.8 / len(found.kinds)
    for index, (kind, colour) in enumerate(zip(found.kinds, (REAL, OTHER, MADE), strict=True)):
        shift = (index - (len(found.kinds) - 1) / 2) * width
        bars = axes.bar(places + shift, found.taken[:, index], width, color=colour, alpha=0.8, label=kind)
        axes.bar_label(bars, fmt=lambda share: f"{share:.0%}", padding=2)
    axes.set_xticks(places, [f"negatives: {judge}" for judge in found.judges])
    axes.set(ylim=(0, 1.25), ylabel="share taken for real")
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.legend(loc="upper center", ncols=len(found.kinds))
    return figure
