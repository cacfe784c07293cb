"""Fully connected networks (Goodfellow et al. 2014), for small pictures and for points in the plane: pictures of one pixel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from ganlib.knobs import Positive
from ganlib.nets.layers import draw_by_fan_in, scores_of


@dataclass(frozen=True)
class Mlp:
    """width: units of a hidden layer. depth: how many hidden layers each network has.

    The pair keeps the weights that torch draws, which are smaller than those by fan-in (He et al. 2015): on a ring of eight
    Gaussians, 300 steps in, four times as many points then lay on a mode.
    """

    sizes: ClassVar[Sequence[int]] = range(1, 257)
    fewest: ClassVar[int] = 1
    batch_normed: ClassVar[bool] = False
    bounded: ClassVar[bool] = False

    name: Literal["mlp"] = "mlp"
    latent: Positive = 64
    width: Positive = 256
    depth: Positive = 3

    def generator(self, size: int, channels: int, conditions: int = 0) -> nn.Module:
        """Codes [N, latent + conditions] to pictures [N, channels, size, size] in [-1, 1]."""
        return Generator(self._stack(self.latent + conditions, channels * size**2, _leaky), size, channels)

    def discriminator(self, size: int, channels: int, outputs: int = 1) -> nn.Module:
        """Pictures [N, channels, size, size] in [-1, 1] to scores [N], or to [N, outputs]."""
        return Discriminator(self._stack(channels * size**2, outputs, _leaky))

    def encoder(self, size: int, channels: int, outputs: int) -> nn.Module:
        """Pictures [N, channels, size, size] in [-1, 1] to [N, outputs], smoothly and each for itself."""
        layers = self._stack(channels * size**2, outputs, nn.SiLU)
        draw_by_fan_in(layers[:-1])
        return nn.Sequential(nn.Flatten(), layers)

    def _stack(self, inputs: int, outputs: int, activation: Callable[[], nn.Module]) -> nn.Sequential:
        """The hidden layers, and one linear layer more."""
        layers = nn.Sequential()
        for fan_in in [inputs] + [self.width] * (self.depth - 1):
            layers.append(nn.Linear(fan_in, self.width))
            layers.append(activation())
        return layers.append(nn.Linear(self.width, outputs))


class Generator(nn.Module):
    """Layers whose last gives all pixels at once."""

    def __init__(self, layers: nn.Sequential, size: int, channels: int) -> None:
        super().__init__()
        self.layers = layers
        self.shape = (channels, size, size)

    def forward(self, codes: Tensor) -> Tensor:
        pixels: Tensor = self.layers(codes)
        return torch.tanh(pixels).view(-1, *self.shape)


class Discriminator(nn.Module):
    """Layers that are given all pixels at once, and answer with one score, or more outputs."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, pictures: Tensor) -> Tensor:
        return scores_of(self.layers(pictures.flatten(1)))


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.2, inplace=True)
