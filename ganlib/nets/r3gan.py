"""The modern pair of R3GAN (Huang et al. 2024, section 4): residual blocks of grouped convolutions, no norm anywhere.

The last layer of a block begins at zero and those before it at a share of their fan-in (Zhang et al. 2019, Fixup), so that
every block begins as the identity and depth does no harm.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from ganlib.knobs import Positive
from ganlib.nets.base import DOUBLINGS
from ganlib.nets.layers import SMALLEST, doublings, modulations, scores_of, widening

_SLOPE = 0.2  # of the leaky ReLU below 0


@dataclass(frozen=True)
class R3gan:
    """width: channels at full resolution; each halving of resolution doubles them, up to max_width.

    blocks: residual blocks at each resolution. expansion: how many times wider a block is inside. group: channels that a
    grouped convolution sees at a time.
    """

    sizes: ClassVar[Sequence[int]] = DOUBLINGS
    fewest: ClassVar[int] = 1
    batch_normed: ClassVar[bool] = False
    bounded: ClassVar[bool] = False

    name: Literal["r3gan"] = "r3gan"
    latent: Positive = 64
    width: Positive = 96
    max_width: Positive = 192
    blocks: Positive = 2
    expansion: Positive = 2
    group: Positive = 8

    def __post_init__(self) -> None:
        """Refuse widths that do not fall into groups."""
        for name in ("width", "max_width"):
            if getattr(self, name) * self.expansion % self.group:
                raise ValueError(f"must have {name} × expansion in whole groups of {self.group} channels")

    def generator(self, size: int, channels: int, conditions: int = 0) -> nn.Module:
        """Codes [N, latent + conditions] to pictures [N, channels, size, size], in evaluation held in [-1, 1] (`Generator`)."""
        return Generator(self, self._widths(size), channels, conditions)

    def discriminator(self, size: int, channels: int, outputs: int = 1) -> nn.Module:
        """Pictures [N, channels, size, size] in [-1, 1] to scores [N], or to [N, outputs]."""
        return Discriminator(Encoder(self, self._widths(size), channels, outputs, _leaky))

    def encoder(self, size: int, channels: int, outputs: int) -> nn.Module:
        """Pictures [N, channels, size, size] in [-1, 1] to [N, outputs], smoothly and each for itself."""
        return Encoder(self, self._widths(size), channels, outputs, nn.SiLU)

    def _widths(self, size: int) -> list[int]:
        """Channels of the maps of side 4, 8, … size."""
        return widening(self.width, self.max_width, 1 + doublings(size))


class Generator(nn.Module):
    """A learnt 4 × 4 map whose channels the code scales, then stages of blocks, each at twice the side of the one before.

    Its last layer is linear, as the paper's is: a tanh would flatten the slope that G learns from just where pictures are
    black or white. While it learns, pixels may so leave [-1, 1], which D sees and corrects; in evaluation they are clamped.
    Conditions, the last numbers of a code, also modulate the maps that each stage is given.
    """

    def __init__(self, knobs: R3gan, widths: list[int], channels: int, conditions: int = 0) -> None:
        super().__init__()
        self.latent = knobs.latent
        self.basis = nn.Parameter(torch.randn(widths[0], SMALLEST, SMALLEST))
        self.scales = _drawn(nn.Linear(knobs.latent + conditions, widths[0], bias=False))
        self.turns = modulations(conditions, widths)
        self.stages = nn.Sequential(_stage(knobs, len(widths), widths[0], _leaky))
        for wide, narrow in pairwise(widths):
            self.stages.append(_joint(wide, narrow))
            self.stages.append(Upsample())
            self.stages.append(_stage(knobs, len(widths), narrow, _leaky))
        self.last = _drawn(nn.Conv2d(widths[-1], channels, 1, bias=False))

    def forward(self, codes: Tensor) -> Tensor:
        maps = self.basis * self.scales(codes)[:, :, None, None]
        maps = self._turned(maps, codes[:, self.latent :]) if len(self.turns) else self.stages(maps)
        pictures: Tensor = self.last(maps)
        return pictures if self.training else pictures.clamp(-1, 1)

    def _turned(self, maps: Tensor, conditions: Tensor) -> Tensor:
        """The stages, with a modulation before each."""
        turns = iter(self.turns)
        for part in self.stages:
            maps = part(next(turns)(maps, conditions) if isinstance(part, nn.Sequential) else maps)
        return maps


class Encoder(nn.Module):
    """The generator backwards: stages of blocks, each at half the side of the one before, down to 4 × 4, and what is read there.

    At the start, with blocks that are the identity, it is linear.
    """

    def __init__(self, knobs: R3gan, widths: list[int], channels: int, outputs: int, activation: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.first = _drawn(nn.Conv2d(channels, widths[-1], 1, bias=False))
        self.stages = nn.Sequential(_stage(knobs, len(widths), widths[-1], activation))
        for narrow, wide in pairwise(reversed(widths)):
            self.stages.append(Downsample())
            self.stages.append(_joint(narrow, wide))
            self.stages.append(_stage(knobs, len(widths), wide, activation))
        self.basis = _drawn(nn.Conv2d(widths[0], widths[0], SMALLEST, groups=widths[0], bias=False))
        self.last = _drawn(nn.Linear(widths[0], outputs, bias=False))

    def forward(self, pictures: Tensor) -> Tensor:
        outputs: Tensor = self.last(self.basis(self.stages(self.first(pictures))).flatten(1))
        return outputs


class Discriminator(nn.Module):
    """An encoder with the leaky ReLU."""

    def __init__(self, body: Encoder) -> None:
        super().__init__()
        self.body = body

    def forward(self, pictures: Tensor) -> Tensor:
        return scores_of(self.body(pictures))


class Block(nn.Module):
    """Maps [N, width, H, W] to the same: the input, and added to it 1 × 1, grouped 3 × 3 and 1 × 1 convolutions.

    depth: how many such blocks the network has, which sets how small their first weights are.
    """

    def __init__(self, width: int, inner: int, groups: int, depth: int, activation: Callable[[], nn.Module]) -> None:
        super().__init__()
        gain = nn.init.calculate_gain("leaky_relu", _SLOPE) * depth**-0.25  # L^(-1 / (2m - 2)) with m = 3 layers a block
        self.residual = nn.Sequential(
            _drawn(nn.Conv2d(width, inner, 1), gain),
            activation(),
            _drawn(nn.Conv2d(inner, inner, 3, padding=1, groups=groups), gain),
            activation(),
            _drawn(nn.Conv2d(inner, width, 1, bias=False), gain=0),
        )

    def forward(self, maps: Tensor) -> Tensor:
        outputs: Tensor = maps + self.residual(maps)
        return outputs


class Resample(nn.Module):
    """The kernel [1, 2, 1]ᵀ[1, 2, 1] / 16, with zeros beyond the edge."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        line = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("kernel", (line[:, None] * line)[None, None], persistent=False)

    def each(self, maps: Tensor) -> Tensor:
        """The kernel for every channel [C, 1, 3, 3]."""
        return self.kernel.expand(maps.shape[1], 1, 3, 3)


class Upsample(Resample):
    """Maps [N, C, H, W] to [N, C, 2H, 2W]: between pixels their mean."""

    def forward(self, maps: Tensor) -> Tensor:
        return conv_transpose2d(maps, 4 * self.each(maps), stride=2, padding=1, output_padding=1, groups=maps.shape[1])


class Downsample(Resample):
    """Maps [N, C, H, W] to [N, C, H/2, W/2]: every second pixel of a blurred map."""

    def forward(self, maps: Tensor) -> Tensor:
        return conv2d(maps, self.each(maps), stride=2, padding=1, groups=maps.shape[1])


def _stage(knobs: R3gan, stages: int, width: int, activation: Callable[[], nn.Module]) -> nn.Sequential:
    """The blocks at one resolution, of a network with so many stages."""
    inner = width * knobs.expansion
    depth = stages * knobs.blocks
    return nn.Sequential(*(Block(width, inner, inner // knobs.group, depth, activation) for _ in range(knobs.blocks)))


def _joint(before: int, after: int) -> nn.Module:
    """From one stage's channels to the next one's, where they differ."""
    return nn.Identity() if before == after else _drawn(nn.Conv2d(before, after, 1, bias=False))


def _drawn(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> nn.Module:
    """The layer with weights from N(0, gain² / fan-in), and biases 0."""
    nn.init.normal_(layer.weight, std=gain / layer.weight[0].numel() ** 0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _leaky() -> nn.Module:
    return nn.LeakyReLU(_SLOPE, inplace=True)
