"""Principal directions: along which early activations vary most (GANSpace, Härkönen et al. 2020)."""

import torch
from torch import Tensor

from ganlib.sampling.axes import Axes, forwards, padded
from ganlib.sampling.draw import codes_for
from ganlib.sampling.early import activations
from ganlib.sampling.model import Model
from ganlib.sampling.space import width

#: Codes whose activations are looked at.
NUMBER = 1024


def principal(model: Model, count: int, seed: int = 0, number: int = NUMBER) -> Axes:
    """The `count` first ones, [count, latent], the one with most variance first, each with its share of all variance.

    Of activations y of codes z the principal components are taken, and the codes regressed on the coordinates x of these:
    min Σ ‖U x − z‖² (section 3.2 there). As U x has the coordinates of a code, these are directions in the space of codes.
    """
    codes = codes_for(seed, range(number), model.latent)
    free = width(model.latent, model.conditions)
    maps = activations(model.generator, codes, free).double()
    values, sides = _components(maps - maps.mean(dim=0), count)
    centred = codes[:, :free].double() - codes[:, :free].double().mean(dim=0)
    towards = (sides / values.sqrt()).T @ centred
    return Axes(padded(forwards(towards), model.latent), values / (maps - maps.mean(dim=0)).square().sum())


def _components(maps: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The greatest eigenvalues [count] of the products of [N, D], and their vectors [N, count]: of as few numbers as there are
    codes, where D may be thousands."""
    values, vectors = torch.linalg.eigh(maps @ maps.T)
    positive = int((values > 1e-9 * values[-1]).sum())
    kept = min(count, positive)
    return values.flip(0)[:kept], vectors.flip(1)[:, :kept]
