"""The pair of *Are GANs created equal?* (Lucic et al. 2018), there taken from InfoGAN (Chen et al. 2016, table 1).

As in the published code, biases stand also before batch norms, which take them away again. One number differs from it: running
statistics follow the batches at torch's rate, 0.1 and not 0.001, or they would still be on their way when a short run ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from ganlib.knobs import Positive
from ganlib.nets.layers import draw_by_fan_in, draw_small, scores_of
from ganlib.nets.strided import Doubling, Halving

_HIDDEN = 1024  # units of the fully connected layers


@dataclass(frozen=True)
class Infogan:
    """norm: whether D has batch norm, as the paper searched over; the gradient penalty goes without."""

    sizes: ClassVar[Sequence[int]] = range(8, 257, 4)
    fewest: ClassVar[int] = 2
    bounded: ClassVar[bool] = False

    name: Literal["infogan"] = "infogan"
    latent: Positive = 64
    norm: bool = True

    @property
    def batch_normed(self) -> bool:
        """Whether D couples the pictures of a batch."""
        return self.norm

    def generator(self, size: int, channels: int, conditions: int = 0) -> nn.Module:
        """Codes [N, latent + conditions] to pictures [N, channels, size, size] in [-1, 1]."""
        return Generator(self.latent + conditions, size // 4, channels)

    def discriminator(self, size: int, channels: int, outputs: int = 1) -> nn.Module:
        """Pictures [N, channels, size, size] in [-1, 1] to scores [N], or to [N, outputs]."""
        return Discriminator(size // 4, channels, self.norm, outputs)

    def encoder(self, size: int, channels: int, outputs: int) -> nn.Module:
        """Pictures [N, channels, size, size] in [-1, 1] to [N, outputs], smoothly and each for itself."""
        return Encoder(size // 4, channels, outputs)


class Generator(nn.Module):
    """Two linear layers to a map of a quarter of the picture's side, and two transposed convolutions that double it."""

    def __init__(self, latent: int, side: int, channels: int) -> None:
        super().__init__()
        self.flat = nn.Sequential(
            nn.Linear(latent, _HIDDEN),
            nn.BatchNorm1d(_HIDDEN, eps=1e-3),
            _leaky(),
            nn.Linear(_HIDDEN, 128 * side**2),
            nn.BatchNorm1d(128 * side**2, eps=1e-3),
            _leaky(),
        )
        self.maps = nn.Sequential(
            nn.Unflatten(1, (128, side, side)),
            Doubling(128, 64),
            nn.BatchNorm2d(64, eps=1e-3),
            _leaky(),
            Doubling(64, channels),
        )
        draw_small(self)

    def forward(self, codes: Tensor) -> Tensor:
        return torch.tanh(self.maps(self.flat(codes)) / 2)  # 2s - 1, s the sigmoid: the paper's pictures are in [0, 1]


class Discriminator(nn.Module):
    """Two strided convolutions that halve the side, and two linear layers."""

    def __init__(self, side: int, channels: int, norm: bool, outputs: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Halving(channels, 64),
            _leaky(),
            Halving(64, 128),
            nn.BatchNorm2d(128, eps=1e-3) if norm else nn.Identity(),
            _leaky(),
            nn.Flatten(),
            nn.Linear(128 * side**2, _HIDDEN),
            nn.BatchNorm1d(_HIDDEN, eps=1e-3) if norm else nn.Identity(),
            _leaky(),
            nn.Linear(_HIDDEN, outputs),
        )
        draw_small(self)
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):  # the published code cuts their normal at two deviations
                nn.init.trunc_normal_(layer.weight, std=0.02, a=-0.04, b=0.04)

    def forward(self, pictures: Tensor) -> Tensor:
        return scores_of(self.layers(pictures))


class Encoder(nn.Module):
    """The discriminator's layers without norms, with a smooth activation and weights by fan-in."""

    def __init__(self, side: int, channels: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Halving(channels, 64),
            nn.SiLU(),
            Halving(64, 128),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(128 * side**2, _HIDDEN),
            nn.SiLU(),
        )
        self.last = nn.Linear(_HIDDEN, outputs)
        draw_by_fan_in(self.layers)

    def forward(self, pictures: Tensor) -> Tensor:
        outputs: Tensor = self.last(self.layers(pictures))
        return outputs


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.2, inplace=True)
