"""Residual networks after SNGAN (Miyato et al. 2018, appendix B.4): batch norm in G, spectral norm in D.

By default D goes down to 4 × 4 and has one block there. The pair that the paper has for CIFAR is `width: 256, max_width: 256,
d_width: 128, d_max_width: 128, smallest: 8, flat: 2`.

Unlike theirs, a convolution has no bias where the batch norm after it, or the bias of what it is added to, makes it idle.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu, silu
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

from ganlib.knobs import Natural, Positive
from ganlib.nets.base import DOUBLINGS
from ganlib.nets.layers import SMALLEST, doublings, modulations, scores_of, turned, widening
from ganlib.nets.resample import Conv3x3, ConvAfterDoubling, ConvBeforeHalving, without_autocast

_Layer = nn.Conv2d | nn.Linear
_Norm = Callable[[_Layer], nn.Module]
_Activation = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Resnet:
    """width: channels at full resolution; each halving of resolution doubles them, up to max_width.

    d_width, d_max_width: the same for D; 0 for as many as G has. smallest: the side of the maps that D reads its score from.
    flat: blocks of D that keep side and width, at the end. spectral: whether D's layers are divided by their largest
    singular value, of which every pass in training improves the estimate by one step of the power method. The estimate is
    part of the weights.
    """

    sizes: ClassVar[Sequence[int]] = DOUBLINGS
    fewest: ClassVar[int] = 1
    batch_normed: ClassVar[bool] = False

    name: Literal["resnet"] = "resnet"
    latent: Positive = 128
    width: Positive = 64
    max_width: Positive = 512
    d_width: Natural = 0
    d_max_width: Natural = 0
    smallest: Literal[2, 4, 8] = 4
    flat: Natural = 1
    spectral: bool = True

    @property
    def bounded(self) -> bool:
        """Whether D's slope is bounded by itself."""
        return self.spectral

    def generator(self, size: int, channels: int, conditions: int = 0) -> nn.Module:
        """Codes [N, latent + conditions] to pictures [N, channels, size, size] in [-1, 1]."""
        return Generator(self.latent, widening(self.width, self.max_width, 1 + doublings(size)), channels, conditions)

    def discriminator(self, size: int, channels: int, outputs: int = 1) -> nn.Module:
        """Pictures [N, channels, size, size] in [-1, 1] to scores [N], or to [N, outputs]."""
        norm = spectral_norm if self.spectral else _as_it_is
        return Discriminator(self._halvings(size, channels, relu, norm), self._outwards(size)[-1], norm, outputs)

    def encoder(self, size: int, channels: int, outputs: int) -> nn.Module:
        """Pictures [N, channels, size, size] in [-1, 1] to [N, outputs], smoothly and each for itself."""
        inputs = self._outwards(size)[-1] * self.smallest**2
        return Encoder(self._halvings(size, channels, silu, _as_it_is), inputs, outputs)

    def _outwards(self, size: int) -> list[int]:
        """Channels that each block of D ends in, the picture's side first."""
        outwards = widening(self.d_width or self.width, self.d_max_width or self.max_width, self._halved(size))[::-1]
        return outwards + outwards[-1:] * self.flat

    def _halved(self, size: int) -> int:
        """How many blocks of D halve the side."""
        return (size // self.smallest).bit_length() - 1

    def _halvings(self, size: int, channels: int, activation: _Activation, norm: _Norm) -> nn.Sequential:
        """Blocks from the picture down to the smallest maps, and those at that side."""
        widths = self._outwards(size)
        blocks = nn.Sequential(Down(channels, widths[0], activation, norm, opens=True))
        for place, (narrow, wide) in enumerate(pairwise(widths), start=1):
            blocks.append(Down(narrow, wide, activation, norm, halves=place < self._halved(size)))
        return blocks


class Generator(nn.Module):
    """A linear layer to a 4 × 4 map, then residual blocks that double the side until the picture is there.

    Conditions, the last numbers of a code, also modulate the maps after every norm (de Vries et al. 2017; Miyato and
    Koyama 2018).
    """

    def __init__(self, latent: int, widths: list[int], channels: int, conditions: int = 0) -> None:
        super().__init__()
        self.latent = latent
        self.first = _glorot(nn.Linear(latent + conditions, widths[0] * SMALLEST**2))
        self.blocks = nn.Sequential(*(Up(wide, narrow, conditions) for wide, narrow in pairwise(widths)))
        self.norm = nn.BatchNorm2d(widths[-1])
        self.turns = modulations(conditions, widths[-1:])
        self.last = _glorot(nn.Conv2d(widths[-1], channels, 3, padding=1))

    def forward(self, codes: Tensor) -> Tensor:
        conditions = codes[:, self.latent :]
        maps = self.first(codes).unflatten(1, (-1, SMALLEST, SMALLEST))
        for block in self.blocks:
            maps = block(maps, conditions)
        return torch.tanh(self.last(_cut(turned(self.norm(maps), conditions, self.turns))))


class Discriminator(nn.Module):
    """Residual blocks that halve the side and some that do not, the sum over the map, and a linear score."""

    def __init__(self, blocks: nn.Sequential, width: int, norm: _Norm, outputs: int = 1) -> None:
        super().__init__()
        self.blocks = blocks
        self.last = norm(_glorot(nn.Linear(width, outputs)))

    def forward(self, pictures: Tensor) -> Tensor:
        with normed_in_float32(self):
            return scores_of(self.last(relu(self.blocks(pictures)).sum((2, 3))))


class Encoder(nn.Module):
    """The discriminator's blocks with a smooth activation and no norm; the last layer is told where on the map things are."""

    def __init__(self, blocks: nn.Sequential, inputs: int, outputs: int) -> None:
        super().__init__()
        self.blocks = blocks
        self.last = _glorot(nn.Linear(inputs, outputs))

    def forward(self, pictures: Tensor) -> Tensor:
        outputs: Tensor = self.last(silu(self.blocks(pictures)).flatten(1))
        return outputs


class Up(nn.Module):
    """Maps [N, wide, H, W] to [N, narrow, 2H, 2W]: a shortcut, and added to it two convolutions."""

    def __init__(self, wide: int, narrow: int, conditions: int = 0) -> None:
        super().__init__()
        self.shortcut = _glorot(nn.Conv2d(wide, narrow, 1, bias=False))
        self.norms = nn.ModuleList([nn.BatchNorm2d(wide), nn.BatchNorm2d(narrow)])
        self.turns = modulations(conditions, [wide, narrow])
        self.first = _glorot(ConvAfterDoubling(wide, narrow, bias=False), gain=math.sqrt(2))
        self.second = _glorot(Conv3x3(narrow, narrow, bias=False), gain=math.sqrt(2))

    def forward(self, maps: Tensor, conditions: Tensor | None = None) -> Tensor:
        residual = self.first(_cut(turned(self.norms[0](maps), conditions, self.turns[:1])))
        residual = self.second(_cut(turned(self.norms[1](residual), conditions, self.turns[1:])))
        outputs: Tensor = _doubled(self.shortcut(maps)) + residual  # 1 × 1 first: the same for a quarter of the products
        return outputs


class Down(nn.Module):
    """Maps [N, narrow, H, W] to [N, wide, H/2, W/2] by a shortcut, and added to it two convolutions.

    opens: it is given the picture, which no activation must cut first. halves: else the side stays, and with equal widths the
    shortcut is the identity.
    """

    def __init__(
        self,
        narrow: int,
        wide: int,
        activation: _Activation,
        norm: _Norm,
        opens: bool = False,
        halves: bool = True,
    ) -> None:
        super().__init__()
        inner = wide if opens else narrow
        direct = not halves and narrow == wide
        self.activation, self.opens, self.halves = activation, opens, halves
        self.shortcut = nn.Identity() if direct else norm(_glorot(nn.Conv2d(narrow, wide, 1, bias=False)))
        self.first = norm(_glorot(Conv3x3(narrow, inner), gain=math.sqrt(2)))
        last = ConvBeforeHalving(inner, wide) if halves else Conv3x3(inner, wide)
        self.second = norm(_glorot(last, gain=math.sqrt(2)))

    def forward(self, maps: Tensor) -> Tensor:
        residual = self.first(maps if self.opens else self.activation(maps))
        residual = self.second(self.activation(residual))
        maps = avg_pool2d(maps, 2) if self.halves else maps  # before the 1 × 1 for the same reason
        outputs: Tensor = self.shortcut(maps) + residual
        return outputs


@contextmanager
def normed_in_float32(module: nn.Module) -> Iterator[None]:
    """A pass through the module, before which spectral norms are computed: once each, and in float32 under autocast, too.

    Autocast would round the singular vectors to bf16, and the weights anew for each product of the power method.
    """
    with parametrize.cached():
        with without_autocast(next(module.parameters()).device):
            for layer in module.modules():
                if parametrize.is_parametrized(layer, "weight"):
                    _ = layer.weight  # kept until the pass is over
        yield


def _glorot(layer: _Layer, gain: float = 1.0) -> _Layer:
    """The layer with weights drawn by fan-in and fan-out (Glorot & Bengio 2010), as the paper's are."""
    nn.init.xavier_uniform_(layer.weight, gain)
    return layer


def _cut(maps: Tensor) -> Tensor:
    """A ReLU in place, for what a norm puts out is of no further use: large maps are written once instead of twice."""
    return relu(maps, inplace=True)


def _doubled(maps: Tensor) -> Tensor:
    """By nearest neighbour, in the type that they have: autocast would have them, and all that they are added to, in float32."""
    with without_autocast(maps.device):
        return interpolate(maps, scale_factor=2, mode="nearest")


def _as_it_is(layer: _Layer) -> nn.Module:
    return layer
