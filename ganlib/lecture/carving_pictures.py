"""Carving on pictures: what the discriminator alone holds for real, round by round, and how one of its drawings comes about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.lecture.canvas import MADE, QUIET, REAL, canvas, ruled, show
from ganlib.lecture.lessons import as_input
from ganlib.methods.langevin import Sampler
from ganlib.sampling.draw import to_uint8
from ganlib.training.batches import Pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class PictureCarving:
    """rounds: what the same codes became after so many kimg of training, uint8 [N, H, W, C].

    at [S]: Langevin steps of one drawing that are shown, 0 for its start; walk [S, N, H, W, C]: the pictures there.
    energies: the mean energy of the pictures after each step, from 0; energy_real, energy_noise: of real ones and of noise.
    """

    rounds: dict[int, Pictures]
    at: tuple[int, ...]
    walk: Pictures
    energies: NDArray[np.float64]
    energy_real: float
    energy_noise: float

    @property
    def steps(self) -> int:
        """Langevin steps of a whole drawing."""
        return len(self.energies) - 1


def carve_pictures(
    sampler: Sampler, codes: Tensor, at: Sequence[int], real: Pictures, noise: Pictures, rounds: Mapping[int, Pictures]
) -> PictureCarving:
    """Draw from `codes` [N, latent] and look at the pictures after each number of steps in `at`, of which 0 is the start."""
    start = sampler.start(codes)
    kept, energies = {0: to_uint8(start)}, [_energy(sampler, start)]
    for step, pictures in enumerate(sampler.drawing(codes), start=1):
        energies.append(_energy(sampler, pictures))
        if step in at:
            kept[step] = to_uint8(pictures)
    return PictureCarving(
        dict(rounds),
        tuple(at),
        np.stack([kept[step] for step in at]),
        np.array(energies),
        _energy(sampler, as_input(real)),
        _energy(sampler, as_input(noise)),
    )


@torch.no_grad()
def _energy(sampler: Sampler, pictures: Tensor) -> float:
    return float(sampler.energy(pictures).mean())


def previews(sheets: Iterable[Path], size: int, columns: int = 8, scale: int = 2, gap: int = 2) -> dict[int, Pictures]:
    """The first rows, uint8 [columns, size, size, C], of the sheets that a training leaves (`kimg-000004.png`), by their kimg."""
    from PIL import Image

    found = {}
    for path in sorted(sheets):
        with Image.open(path) as image:
            sheet = np.asarray(image)
        sheet = sheet[..., None] if sheet.ndim == 2 else sheet
        lefts = [gap + place * (scale * size + gap) for place in range(columns)]
        found[int(path.stem.removeprefix("kimg-").split("_")[0])] = np.stack(
            [sheet[gap : gap + scale * size : scale, left : left + scale * size : scale] for left in lefts]
        )
    return found


def draw_carving(found: PictureCarving, columns: int = 8) -> "Figure":
    """Training round by round on the left; one drawing, step by step, on the right; its energy below."""
    rows = max(len(found.rounds), len(found.at))
    figure = canvas(12, 0.62 * rows + 3.6)
    layout = figure.add_gridspec(2, 2, height_ratios=[0.62 * rows + 0.4, 2.8])
    left, right = figure.add_subplot(layout[0, 0]), figure.add_subplot(layout[0, 1])
    trained = np.concatenate([pictures[:columns] for pictures in found.rounds.values()])
    show(left, trained, columns, [f"{kimg} kimg" for kimg in found.rounds])
    left.set_title("what the same codes become as the carver learns", fontsize=10)
    show(right, np.concatenate(found.walk[:, :columns]), columns, [f"step {step}" if step else "start" for step in found.at])
    right.set_title("one drawing of the carver as it is at the end", fontsize=10)
    axes = ruled(figure.add_subplot(layout[1, :]))
    axes.plot(found.energies, color=MADE, label="pictures that are being drawn")
    axes.axhline(found.energy_real, color=REAL, linestyle="dashed", label="real pictures")
    axes.axhline(found.energy_noise, color=QUIET, linestyle="dashed", label="noise")
    axes.set(xlabel="Langevin steps of the drawing", ylabel="mean energy")
    axes.set_title("downhill: the lower, the more the carver holds it for real", fontsize=10)
    axes.legend()
    return figure
