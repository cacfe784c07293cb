"""Langevin dynamics: how a network that can only judge pictures finds those that it likes best, and so draws.

An energy says how little a picture is liked. A walk goes downhill in it, and is shaken as it goes:

    x ← x − step ∇ₓE(x) + noise z,   z standard normal        (Du & Mordatch 2019, equation 1)

Taken for long enough, small steps end at pictures with the density exp(−E(x) / T) / Z, at the temperature
T = noise² / (2 step), whatever they began with (Welling & Teh 2011, section 2.2).
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganlib.methods.starts import Start

#: Pictures [N, C, H, W] to energies [N, 1].
Judge = Callable[[Tensor], Tensor]

_NUMBERS = 1024  # the least length of a code, for pictures of a few numbers would soon be shaken as before
_STRIDE = 1009  # how far a code is rolled on from step to step; a prime, so that it takes as many steps as a code has numbers


@dataclass(frozen=True)
class Langevin:
    """The rule of a walk. clip: bound on each number of the slope (0: none), which keeps a cliff from throwing a picture far."""

    step: float
    noise: float
    clip: float = 0.0

    @property
    def temperature(self) -> float:
        """T of the density exp(−E / T) that a walk tends to; exact for small steps, and where no slope is clipped."""
        return self.noise**2 / (2 * self.step)

    def walk(self, energy: Judge, pictures: Tensor, noises: Iterable[Tensor]) -> Iterator[Tensor]:
        """The pictures [N, C, H, W] after each step; one step for every noise, standard normal and of the same shape.

        They stay within [-1, 1] and carry no gradient. The slope is found under `torch.no_grad()`, too.
        """
        for noise in noises:
            slope = slope_of(energy, pictures)
            if self.clip:
                slope = slope.clamp(-self.clip, self.clip)
            pictures = (pictures - self.step * slope + self.noise * noise).clamp(-1, 1)
            yield pictures


def slope_of(energy: Judge, pictures: Tensor) -> Tensor:
    """∇ₓE at each of the pictures [N, C, H, W], of the same shape, without a gradient of its own."""
    with torch.enable_grad():
        pictures = pictures.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(energy(pictures).sum(), pictures)
    return slope


def end(walk: Iterable[Tensor]) -> Tensor:
    """Where a walk of at least one step ends."""
    return deque(walk, maxlen=1)[0]


class Sampler(nn.Module):
    """The judge as generator: standard normal codes [N, latent] to pictures [N, C, H, W] in [-1, 1], by a long walk.

    A code decides its picture, whatever is drawn beside it: its first numbers give the start, and the code rolled on by a prime
    at each step, which is standard normal again, shakes the step. There is no gradient by the codes.
    """

    def __init__(self, energy: nn.Module, start: Start, rule: Langevin, steps: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.energy, self.start, self.rule, self.steps, self.shape = energy, start, rule, steps, shape
        self.latent = max(math.prod(shape), _NUMBERS)

    def forward(self, codes: Tensor) -> Tensor:
        return end(self.drawing(codes))

    def drawing(self, codes: Tensor) -> Iterator[Tensor]:
        """The pictures after each step of a drawing; `start(codes)` is what it begins with."""
        return self.rule.walk(self.energy, self.start(codes), self._noises(codes))

    def _noises(self, codes: Tensor) -> Iterator[Tensor]:
        for turn in range(1, self.steps + 1):
            yield codes.roll(-_STRIDE * turn, 1)[:, : math.prod(self.shape)].reshape(-1, *self.shape)
