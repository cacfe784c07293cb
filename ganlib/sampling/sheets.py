"""What a person looks at first: the drawn pictures, a grid of them, and walks from one to another."""

import io
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganlib.files import write_bytes
from ganlib.metrics.inputs import ASKED
from ganlib.pictures.tables import parquet_bytes
from ganlib.progress import Progress
from ganlib.sampling.asked import codes_of, table_of, values_of
from ganlib.sampling.config import SampleConfig
from ganlib.sampling.draw import decode
from ganlib.sampling.grid import grid
from ganlib.sampling.interpolate import walk
from ganlib.sampling.model import Model
from ganlib.sampling.png import write_png
from ganlib.training.batches import Pictures

_AT_ONCE = 500  # pictures between two signs of progress
_SHEET = 1024  # pixels, about: small pictures are enlarged by a whole factor to come near


def write_sheets(
    model: Model, config: SampleConfig, folder: Path, turn: Callable[[Tensor], Tensor] = lambda codes: codes
) -> None:
    """Write pictures.npy (uint8 [N, H, W, C]), grid.png and interpolation.png to `folder`; of a model that can be asked for
    attributes also labels.parquet, what each of the pictures was to be. turn: what becomes of codes [N, latent] before."""
    codes = turn(codes_of(model, config.number, config.seed))
    write_pictures(folder / "pictures.npy", drawn(model, codes))
    if asked := values_of(model, codes):
        write_bytes(folder / ASKED, parquet_bytes(table_of(asked)))
    shown = decode(model.generator, turn(codes_of(model, config.rows * config.columns, config.seed)))
    write_png(folder / "grid.png", grid(shown, config.columns, scale_for(model, config.columns)))
    ends = turn(codes_of(model, config.strips + 1, config.seed))
    walks = [walk(start, end, config.steps, model.conditions) for start, end in pairwise(ends)]
    strips = decode(model.generator, torch.cat(walks))
    write_png(folder / "interpolation.png", grid(strips, config.steps, scale_for(model, config.columns)))


def write_pictures(path: Path, pictures: Pictures) -> None:
    """Write uint8 [N, H, W, C] as an array; a full disk is the `OSError` that says so, where numpy's own writing is silent."""
    stream = io.BytesIO()
    np.save(stream, pictures, allow_pickle=False)
    write_bytes(path, stream.getvalue())


def draw_many(model: Model, number: int, seed: int) -> Pictures:
    """The first `number` pictures of a seed, uint8 [number, H, W, C], with a progress display."""
    return drawn(model, codes_of(model, number, seed))


def drawn(model: Model, codes: Tensor) -> Pictures:
    """Codes [N, latent] to pictures, uint8 [N, H, W, C], with a progress display."""
    parts = []
    with Progress("sample", len(codes), "pictures") as progress:
        for some in torch.split(codes, _AT_ONCE):
            parts.append(decode(model.generator, some))
            progress.advance(len(some))
    return np.concatenate(parts)


def scale_for(model: Model, columns: int) -> int:
    """How many times pictures are enlarged on a sheet of so many in a row."""
    return max(1, _SHEET // (columns * model.size))
