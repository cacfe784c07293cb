"""The landscape that an energy is on points of the plane, which are pictures of one pixel with two channels."""

import torch
from torch import Tensor

from ganlib.methods.langevin import Judge


def plane(side: int, extent: float = 1.0) -> Tensor:
    """Points as pictures [side², 2, 1, 1]: the centres of the cells of the square [-extent, extent]², row by row.

    The first number, x, grows along a row; the second, y, from row to row.
    """
    axis = extent * ((2 * torch.arange(side) + 1) / side - 1)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y], 2).view(-1, 2, 1, 1)


@torch.no_grad()
def landscape(energy: Judge, side: int, extent: float = 1.0, device: torch.device | str = "cpu") -> Tensor:
    """The energies [side, side] of the points of `plane`, on the CPU; `device` is where the network lies."""
    return energy(plane(side, extent).to(device)).view(side, side).cpu()


def masses(energies: Tensor, temperature: float) -> Tensor:
    """The probability of each cell of a landscape by the density exp(−E / T), float64 of the same shape; they sum to 1."""
    return torch.softmax(-energies.double().flatten() / temperature, 0).view_as(energies)
