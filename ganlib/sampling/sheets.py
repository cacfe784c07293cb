"""What a person looks at first: the drawn pictures, a grid of them, and walks from one to another."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from ganlib.progress import Progress
from ganlib.sampling.config import SampleConfig
from ganlib.sampling.draw import codes_for, decode, draw
from ganlib.sampling.grid import grid
from ganlib.sampling.interpolate import spherical
from ganlib.sampling.model import Model
from ganlib.sampling.png import write_png
from ganlib.training.batches import Pictures

_AT_ONCE = 500  # pictures between two signs of progress
_SHEET = 1024  # pixels, about: small pictures are enlarged by a whole factor to come near


def write_sheets(model: Model, config: SampleConfig, folder: Path) -> None:
    """Write pictures.npy (uint8 [N, H, W, C]), grid.png and interpolation.png to `folder`."""
    pictures = draw_many(model, config.number, config.seed)
    np.save(folder / "pictures.npy", pictures, allow_pickle=False)
    scale = max(1, _SHEET // (config.columns * model.size))
    shown = draw(model.generator, model.latent, config.rows * config.columns, config.seed)
    write_png(folder / "grid.png", grid(shown, config.columns, scale))
    write_png(folder / "interpolation.png", grid(strips(model, config), config.steps, scale))


def draw_many(model: Model, number: int, seed: int) -> Pictures:
    """The first `number` pictures of a seed, uint8 [number, H, W, C], with a progress display."""
    parts = []
    with Progress("sample", number, "pictures") as progress:
        for first in range(0, number, _AT_ONCE):
            parts.append(draw(model.generator, model.latent, min(_AT_ONCE, number - first), seed, first))
            progress.advance(len(parts[-1]))
    return np.concatenate(parts)


def strips(model: Model, config: SampleConfig) -> Pictures:
    """One walk after another, each from a portrait of the grid to the next one: uint8 [strips * steps, H, W, C]."""
    ends = codes_for(config.seed, range(config.strips + 1), model.latent)
    walks = [spherical(start, end, config.steps) for start, end in pairwise(ends)]
    return np.concatenate([decode(model.generator, walk) for walk in walks])
