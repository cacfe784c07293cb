"""The two events of an iteration, seen apart: what either does to the scores of real and of generated pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganlib.lecture.canvas import MADE, QUIET, REAL, canvas, ruled
from ganlib.lecture.lessons import event_one, event_two, in_company
from ganlib.methods.base import Batch
from ganlib.methods.gan import Game

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Moment:
    """D's scores, logits [N], of the same real pictures and of what the same codes became, at one moment of the game."""

    real: Scores
    made: Scores

    @property
    def told_apart(self) -> float:
        """The share of pairs of a real and a generated picture of which D scores the real one higher: 0.5 by guessing."""
        return float((self.real[:, None] > self.made[None]).mean())


@dataclass(frozen=True)
class Events:
    """One moment a step: the first before all, then `steps` of event one alone, then as many of event two alone."""

    steps: int
    moments: tuple[Moment, ...]

    @property
    def before(self) -> Moment:
        return self.moments[0]

    @property
    def after_one(self) -> Moment:
        return self.moments[self.steps]

    @property
    def after_two(self) -> Moment:
        return self.moments[-1]


def events(game: Game, batches: Iterator[Batch], real: Tensor, codes: Tensor, steps: int) -> Events:
    """Let only D learn for `steps` batches, then only G for as many; judge `real` pictures and what `codes` become all along."""
    moments = [_moment(game, real, codes)]
    for batch in islice(batches, steps):
        event_one(game, batch)
        moments.append(_moment(game, real, codes))
    for batch in islice(batches, steps):
        event_two(game, batch)
        moments.append(_moment(game, real, codes))
    return Events(steps, tuple(moments))


def _moment(game: Game, real: Tensor, codes: Tensor) -> Moment:
    return Moment(in_company(game.d, real).numpy(), in_company(game.d, in_company(game.g, codes)).numpy())


def draw_events(found: Events) -> "Figure":
    """Three histograms, one below the other, and beside them the means step by step."""
    figure = canvas(9.2, 4.8)
    layout = figure.add_gridspec(3, 2, width_ratios=[1, 1.15])
    moments = (found.before, found.after_one, found.after_two)
    times = f"{found.steps} times"
    titles = ("before", f"after event one, {times}: only D learns", f"after event two, {times}: only G learns")
    everything = np.concatenate([scores for moment in moments for scores in (moment.real, moment.made)])
    bins = np.linspace(everything.min(), everything.max(), 40).tolist()
    first: Axes | None = None
    for row, (moment, title) in enumerate(zip(moments, titles, strict=True)):
        axes = ruled(figure.add_subplot(layout[row, 0], sharex=first))
        first = first or axes
        axes.hist(moment.real, bins, color=REAL, alpha=0.6, label="real")
        axes.hist(moment.made, bins, color=MADE, alpha=0.6, label="generated")
        axes.set_title(title, fontsize=10)
        axes.set_yticks([])
        axes.tick_params(labelbottom=row == 2)
    axes.set_xlabel("the score that D gives")
    _draw_course(ruled(figure.add_subplot(layout[:, 1])), found)
    return figure


def _draw_course(axes: "Axes", found: Events) -> None:
    steps = np.arange(len(found.moments))
    for name, colour, scores in (
        ("real", REAL, [moment.real for moment in found.moments]),
        ("generated", MADE, [moment.made for moment in found.moments]),
    ):
        mean, spread = np.array([some.mean() for some in scores]), np.array([some.std() for some in scores])
        axes.plot(steps, mean, "o-", color=colour, markersize=3, label=name)
        axes.fill_between(steps, mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)
    axes.axvline(found.steps, color=QUIET, linestyle="dashed")
    axes.set(xlabel="steps", ylabel="score: mean, and one deviation about it", title="event one, then event two")
    axes.legend(loc="upper left")
