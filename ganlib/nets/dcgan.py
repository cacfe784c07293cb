"""A convolutional pair after DCGAN (Radford et al. 2016): resolution doubles, channels halve, layer by layer.

By default it differs from the paper where a gradient penalty asks for it: no batch norm in the discriminator (Gulrajani et al.
2017, section 4), and instead the spread over the batch as one more channel before its last layer (Karras et al. 2018, section 3).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganlib.knobs import Positive
from ganlib.nets.base import DOUBLINGS
from ganlib.nets.layers import SMALLEST, doublings, draw_by_fan_in, draw_small, modulations, scores_of, widening
from ganlib.nets.strided import Doubling, Halving
from ganlib.ranks import batch_variance


@dataclass(frozen=True)
class Dcgan:
    """width: channels of the widest-resolution layer; each halving of resolution doubles them, up to max_width.

    norm: whether D has batch norm, as in the paper; no spread then.
    """

    sizes: ClassVar[Sequence[int]] = DOUBLINGS
    fewest: ClassVar[int] = 1
    bounded: ClassVar[bool] = False

    name: Literal["dcgan"] = "dcgan"
    latent: Positive = 64
    width: Positive = 64
    max_width: Positive = 512
    norm: bool = False

    @property
    def batch_normed(self) -> bool:
        """Whether D couples the pictures of a batch by batch norm."""
        return self.norm

    def generator(self, size: int, channels: int, conditions: int = 0) -> nn.Module:
        """Codes [N, latent + conditions] to pictures [N, channels, size, size] in [-1, 1]."""
        return Generator(self.latent, self._widths(size), channels, conditions)

    def discriminator(self, size: int, channels: int, outputs: int = 1) -> nn.Module:
        """Pictures [N, channels, size, size] in [-1, 1] to scores [N], or to [N, outputs]."""
        if self.norm:
            return NormedDiscriminator(self._widths(size), channels, outputs)
        return Discriminator(self._widths(size), channels, outputs)

    def encoder(self, size: int, channels: int, outputs: int) -> nn.Module:
        """Pictures [N, channels, size, size] in [-1, 1] to [N, outputs], smoothly and each for itself."""
        return Encoder(self._widths(size), channels, outputs)

    def _widths(self, size: int) -> list[int]:
        """Channels of the maps of side 4, 8, … size / 2."""
        return widening(self.width, self.max_width, doublings(size))


class Generator(nn.Module):
    """A linear layer to a 4 × 4 map, then transposed convolutions that double the side until the picture is there.

    Conditions, the last numbers of a code, also modulate the maps after every norm.
    """

    def __init__(self, latent: int, widths: list[int], channels: int, conditions: int = 0) -> None:
        super().__init__()
        self.latent = latent
        self.first = nn.Linear(latent + conditions, widths[0] * SMALLEST**2, bias=False)
        self.blocks = nn.Sequential(nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True))
        for narrow, wide in zip(widths[1:], widths, strict=False):
            self.blocks.append(Doubling(wide, narrow, bias=False))
            self.blocks.append(nn.BatchNorm2d(narrow))
            self.blocks.append(nn.ReLU(inplace=True))
        self.last = Doubling(widths[-1], channels)
        draw_small(self)
        self.turns = modulations(conditions, widths)

    def forward(self, codes: Tensor) -> Tensor:
        maps = self.first(codes).unflatten(1, (-1, SMALLEST, SMALLEST))
        maps = self._turned(maps, codes[:, self.latent :]) if len(self.turns) else self.blocks(maps)
        return torch.tanh(self.last(maps))

    def _turned(self, maps: Tensor, conditions: Tensor) -> Tensor:
        """The blocks with a modulation after each norm."""
        turns = iter(self.turns)
        for block in self.blocks:
            maps = block(maps)
            if isinstance(block, _BatchNorm):  # torch's, or one over the shares of several processes
                maps = next(turns)(maps, conditions)
        return maps


class Discriminator(nn.Module):
    """Strided convolutions that halve the side down to 4 × 4, then one linear layer to the score, or to more outputs."""

    def __init__(self, widths: list[int], channels: int, outputs: int = 1) -> None:
        super().__init__()
        self.blocks = _halvings(widths, channels, lambda: nn.LeakyReLU(0.2, inplace=True))
        self.last = nn.Linear((widths[0] + 1) * SMALLEST**2, outputs)
        draw_small(self)

    def forward(self, pictures: Tensor) -> Tensor:
        maps = self.blocks(pictures)
        spread = batch_spread(maps).expand(len(maps), 1, SMALLEST, SMALLEST)
        return scores_of(self.last(torch.cat([maps, spread], dim=1).flatten(1)))


class NormedDiscriminator(nn.Module):
    """The paper's: strided convolutions, all but the first with batch norm, down to 4 × 4, then one linear layer."""

    def __init__(self, widths: list[int], channels: int, outputs: int = 1) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Halving(channels, widths[-1]), nn.LeakyReLU(0.2, inplace=True))
        for narrow, wide in pairwise(reversed(widths)):
            self.blocks.append(Halving(narrow, wide, bias=False))
            self.blocks.append(nn.BatchNorm2d(wide))
            self.blocks.append(nn.LeakyReLU(0.2, inplace=True))
        self.last = nn.Linear(widths[0] * SMALLEST**2, outputs)
        draw_small(self)

    def forward(self, pictures: Tensor) -> Tensor:
        return scores_of(self.last(self.blocks(pictures).flatten(1)))


class Encoder(nn.Module):
    """The discriminator's strided convolutions with a smooth activation, then one linear layer to the outputs.

    Weights are drawn by fan-in (He et al. 2015): with DCGAN's small ones what comes out would hardly depend on the picture.
    """

    def __init__(self, widths: list[int], channels: int, outputs: int) -> None:
        super().__init__()
        self.blocks = _halvings(widths, channels, nn.SiLU)
        self.last = nn.Linear(widths[0] * SMALLEST**2, outputs)
        draw_by_fan_in(self.blocks)

    def forward(self, pictures: Tensor) -> Tensor:
        outputs: Tensor = self.last(self.blocks(pictures).flatten(1))
        return outputs


def _halvings(widths: list[int], channels: int, activation: Callable[[], nn.Module]) -> nn.Sequential:
    """Strided convolutions from the picture down to 4 × 4."""
    blocks = nn.Sequential()
    for wide, narrow in zip(reversed(widths), [channels, *reversed(widths)], strict=False):
        blocks.append(Halving(narrow, wide))
        blocks.append(activation())
    return blocks


def batch_spread(maps: Tensor) -> Tensor:
    """The standard deviation over the batch [N, C, H, W], averaged over all else: one number, which a collapsed G makes small."""
    return (batch_variance(maps) + 1e-8).sqrt().mean()
