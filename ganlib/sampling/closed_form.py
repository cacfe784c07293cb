"""Directions in closed form, from the weights alone (SeFa, Shen and Zhou 2021)."""

import torch

from ganlib.errors import AtelierError
from ganlib.methods.priors import FittedCodes
from ganlib.sampling.axes import Axes, forwards, padded
from ganlib.sampling.early import reached, weights
from ganlib.sampling.model import Model
from ganlib.sampling.space import width


def closed_form(model: Model, count: int) -> Axes:
    """The `count` unit directions [count, latent] that change most what the first layer makes of a code, the strongest first:
    the eigenvectors of AᵀA, A being its weights (equation 7), each with its share of all eigenvalues. Where codes are brought to
    a Gaussian first, A is its weights times that Gaussian's factor.

    Raises `AtelierError` where the first layer is not given the code itself.
    """
    free = width(model.latent, model.conditions)
    matrix = weights(reached(model.generator, model.latent, free)[0]).double()
    if matrix.shape[1] < free:
        raise AtelierError(
            f"Expected a first layer that is given the code of {free} numbers, found {matrix.shape[1]} inputs; this network "
            "has no closed-form directions. Use the principal ones."
        )
    matrix = matrix[:, :free]
    if isinstance(model.generator, FittedCodes):
        matrix = matrix @ model.generator.factor.double()
    values, vectors = torch.linalg.eigh(matrix.T @ matrix)
    return Axes(padded(forwards(vectors.flip(1).T[:count]), model.latent), values.flip(0)[:count] / values.sum())
