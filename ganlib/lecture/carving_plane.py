"""Carving on a two-dimensional set: the landscape that the discriminator makes alone, and the negatives that it finds in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.lecture.canvas import MADE, QUIET, REAL, canvas, ruled
from ganlib.lecture.lessons import CPU
from ganlib.methods.base import Batch, Setting
from ganlib.methods.energy import Carving, Energy
from ganlib.methods.landscape import landscape, masses, plane
from ganlib.nets.mlp import Mlp
from ganlib.training.batches import dice_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colder and with smaller steps than on pictures: of two numbers, all of the landscape can be walked through.
CARVER = Energy(
    network=Mlp(width=64, depth=3),
    start="noise",
    steps=20,
    steps_at_first=20,
    step_size=0.05,
    noise=0.02,
    clip=0.0,
    fresh=0.02,
    real_noise=0.0,
    weight=0.003,
    limit=1e9,
    lr=4e-3,
    ema_kimg=2.0,
)
SIDE = 80  # cells a side of the landscape
_BATCH = 128
_NEAR = 2.5  # deviations from a centre within which a point counts as on the set; of the set's own points 96 % are


@dataclass(frozen=True)
class Ring:
    """Gaussians of one deviation, whose centres lie on a circle of `radius`, evenly; points are pictures of one pixel."""

    number: int = 5
    radius: float = 0.6
    deviation: float = 0.1

    def centres(self) -> Tensor:
        """[number, 2]"""
        angles = 2 * torch.pi * torch.arange(self.number) / self.number
        return self.radius * torch.stack([angles.cos(), angles.sin()], dim=1)

    def points(self, number: int, dice: torch.Generator) -> Tensor:
        """[number, 2, 1, 1] in [-1, 1]"""
        chosen = torch.randint(self.number, (number,), generator=dice)
        points = self.centres()[chosen] + self.deviation * torch.randn(number, 2, generator=dice)
        return points.clamp(-1, 1)[:, :, None, None]

    def near(self, points: Tensor) -> Tensor:
        """Which of the points [N, 2, 1, 1] lie on the set: bool [N]."""
        apart = torch.cdist(points.flatten(1), self.centres())
        return apart.min(dim=1).values <= _NEAR * self.deviation


@dataclass(frozen=True)
class Round:
    """energies [SIDE, SIDE]: of the landscape after so many rounds. negatives [N, 2]: where the chains stand.

    mass: the probability that the landscape gives to the set. on: the share of the negatives that lie on it.
    """

    rounds: int
    energies: NDArray[np.float64]
    negatives: NDArray[np.float64]
    mass: float
    on: float


@dataclass(frozen=True)
class PlaneCarving:
    """real [M, 2]: points of the set. of_real: the share of them that counts as on it. by_chance: that of the whole square."""

    rounds: tuple[Round, ...]
    real: NDArray[np.float64]
    of_real: float
    by_chance: float


def carve_plane(ring: Ring, at: Sequence[int], seed: int, knobs: Energy) -> PlaneCarving:
    """Carve, and look at what has come of it after each number of rounds in `at`, rising. Rates fall over the last half."""
    torch.manual_seed(seed)
    learner = Carving(knobs, Setting(1, 2, _BATCH, CPU, torch.float32))
    found = []
    for index in range(at[-1] + 1):
        if index in at:
            found.append(_look(learner, ring, index, dice_for(seed, index)))
        dice = dice_for(seed, index * _BATCH)
        learner.anneal(min(1.0, 2 * (1 - index / at[-1])))
        learner.step(Batch(ring.points(_BATCH, dice), torch.arange(_BATCH), dice, index * _BATCH, index / at[-1]))
    real = ring.points(1000, dice_for(seed, -1))
    shares = (float(ring.near(points).double().mean()) for points in (real, plane(SIDE)))
    return PlaneCarving(tuple(found), real.flatten(1).double().numpy(), *shares)


def _look(learner: Carving, ring: Ring, rounds: int, dice: torch.Generator) -> Round:
    """The averaged landscape; and the chains, those that have not begun yet at their start."""
    energies = landscape(learner.average.module, SIDE).double()
    mass = masses(energies, learner.knobs.rule.temperature).flatten()[ring.near(plane(SIDE))].sum()
    starts = learner.start(torch.randn(learner.knobs.chains, learner.start.numbers, generator=dice))
    begun = learner.chains.rounds[:, None, None, None] > 0
    negatives = torch.where(begun, learner.chains.pictures.float(), starts)
    on = ring.near(negatives).double().mean()
    return Round(rounds, energies.numpy(), negatives.flatten(1).double().numpy(), float(mass), float(on))


def draw_plane(found: PlaneCarving, shown: int = 300) -> "Figure":
    """A landscape a round, its valleys dark, with the negatives that were found in it; and the shares on the set by round."""
    number = len(found.rounds) + 1
    figure = canvas(2.1 * number, 5.4)
    layout = figure.add_gridspec(2, number, height_ratios=[1, 1.15])
    for column, one in enumerate(found.rounds):
        axes = _square(figure.add_subplot(layout[0, column]), f"round {one.rounds}")
        spread = np.ptp(one.energies) or 1.0
        axes.imshow((one.energies - one.energies.min()) / spread, cmap="Blues_r", origin="lower", extent=(-1, 1, -1, 1))
        axes.plot(*one.negatives[:shown].T, ".", color=MADE, markersize=2.5)
    axes = _square(figure.add_subplot(layout[0, -1]), "the set itself")
    axes.plot(*found.real[:shown].T, ".", color="black", markersize=2.5)
    axes.set_aspect("equal")
    axes = ruled(figure.add_subplot(layout[1, :]))
    places = range(len(found.rounds))
    axes.plot(places, [one.on for one in found.rounds], "o-", color=MADE, label="of the negatives")
    axes.plot(places, [one.mass for one in found.rounds], "s-", color=REAL, label="of the landscape's probability")
    axes.axhline(found.of_real, color="black", linestyle="dashed", label="of points of the set")
    axes.axhline(found.by_chance, color=QUIET, linestyle="dashed", label="of the square")
    axes.set_xticks(places, [str(one.rounds) for one in found.rounds])
    axes.set(ylim=(0, 1.05), xlabel="rounds of carving", ylabel="share that lies on the set")
    axes.legend(loc="lower right")
    return figure


def _square(axes: "Axes", title: str) -> "Axes":
    axes.set(xticks=[], yticks=[], xlim=(-1, 1), ylim=(-1, 1))
    axes.set_title(title, fontsize=10)
    return axes
