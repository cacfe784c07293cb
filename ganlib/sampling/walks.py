"""Small steps on the way from one picture to another, for the path length."""

import numpy as np
import torch

from ganlib.metrics.path_length import Walks
from ganlib.sampling.draw import codes_for, levels
from ganlib.sampling.interpolate import at
from ganlib.sampling.model import Model
from ganlib.sampling.space import joined, parted

#: The part of the way that a step is (Karras et al. 2019, appendix B).
STEP = 1e-4


def walks(model: Model, number: int, seed: int, step: float = STEP) -> Walks:
    """`number` walks between codes of a seed, each somewhere on its way and a step further.

    Both ends ask for what the first one does: between two classes there is nothing, and a step across would be a leap.
    """
    codes = codes_for(seed, range(2 * number), model.latent).double()
    share = torch.from_numpy(np.random.default_rng([seed, number]).uniform(0, 1 - step, (number, 1)))
    free, asking = parted(codes, model.conditions)
    here, there = (joined(at(free[:number], free[number:], share + moved), asking[:number]).float() for moved in (0.0, step))
    return Walks(levels(model.generator, here), levels(model.generator, there), step)
