"""SNGAN's residual pair and its step as mimicry and StudioGAN have them.

G is StudioGAN's (models/resnet.py), D mimicry's (nets/sngan): blocks as the paper draws them, that is, doubled and then
convolved, convolved and then averaged, and shortcuts at the larger of the two sides. The step is mimicry's (nets/gan/gan.py):
fresh codes for either event, hinge loss, D in the graph when G learns. Left out is a slip of theirs: where the ReLU works in
place, the shortcut is given what the ReLU has cut.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu
from torch.nn.utils import spectral_norm
from torch.optim import Adam

LATENT = 128


class GBlock(nn.Module):
    """[N, wide, H, W] to [N, narrow, 2H, 2W]."""

    def __init__(self, wide: int, narrow: int) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(wide, narrow, 1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(wide), nn.BatchNorm2d(narrow)])
        self.first, self.second = nn.Conv2d(wide, narrow, 3, padding=1), nn.Conv2d(narrow, narrow, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        h = interpolate(relu(self.norms[0](x)), scale_factor=2, mode="nearest")
        h = self.second(relu(self.norms[1](self.first(h))))
        outputs: Tensor = h + self.shortcut(interpolate(x, scale_factor=2, mode="nearest"))
        return outputs


class Generator(nn.Module):
    """Codes [N, 128] to pictures [N, 3, H, W] in [-1, 1]; `widths` from 4 × 4 outwards."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.first = nn.Linear(LATENT, widths[0] * 16)
        self.blocks = nn.Sequential(*(GBlock(wide, narrow) for wide, narrow in pairwise(widths)))
        self.norm, self.last = nn.BatchNorm2d(widths[-1]), nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, codes: Tensor) -> Tensor:
        maps = self.blocks(self.first(codes).view(len(codes), -1, 4, 4))
        return torch.tanh(self.last(relu(self.norm(maps))))


class DBlock(nn.Module):
    """[N, narrow, H, W] to [N, wide, H/2, W/2], or to the same side where it does not halve; `opens` is the first."""

    def __init__(self, narrow: int, wide: int, halves: bool, opens: bool) -> None:
        super().__init__()
        inner = wide if opens else narrow
        self.halves, self.opens = halves, opens
        self.shortcut = spectral_norm(nn.Conv2d(narrow, wide, 1)) if halves or narrow != wide else None
        self.first = spectral_norm(nn.Conv2d(narrow, inner, 3, padding=1))
        self.second = spectral_norm(nn.Conv2d(inner, wide, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.second(relu(self.first(x if self.opens else relu(x))))
        h = avg_pool2d(h, 2) if self.halves else h
        if self.shortcut is None:
            return h + x
        if self.opens:
            shortcut: Tensor = self.shortcut(avg_pool2d(x, 2))
            return h + shortcut
        shortcut = self.shortcut(x)
        return h + avg_pool2d(shortcut, 2) if self.halves else h + shortcut


class Discriminator(nn.Module):
    """Pictures [N, 3, H, W] to scores [N, 1]; `widths` from the picture inwards, the last `flat` blocks keep the side."""

    def __init__(self, widths: Sequence[int], flat: int) -> None:
        super().__init__()
        halving = len(widths) - flat
        pairs = enumerate(pairwise([3, *widths]))
        self.blocks = nn.Sequential(*(DBlock(a, b, halves=place < halving, opens=place == 0) for place, (a, b) in pairs))
        self.last = spectral_norm(nn.Linear(widths[-1], 1))

    def forward(self, pictures: Tensor) -> Tensor:
        scores: Tensor = self.last(relu(self.blocks(pictures)).sum((2, 3)))
        return scores


class Step:
    """Both networks with their optimisers."""

    def __init__(self, g: Generator, d: Discriminator, rate: float, device: str = "cpu") -> None:
        self.g, self.d = g.to(device), d.to(device)
        self.optimiser_g = Adam(g.parameters(), lr=rate, betas=(0.0, 0.9))
        self.optimiser_d = Adam(d.parameters(), lr=rate, betas=(0.0, 0.9))

    def set_rate(self, rate: float) -> None:
        """Let every further step have this learning rate."""
        for optimiser in (self.optimiser_g, self.optimiser_d):
            for group in optimiser.param_groups:
                group["lr"] = rate

    def __call__(self, real: Tensor, codes: tuple[Tensor, Tensor]) -> None:
        """One step of D, then one of G."""
        self.d.zero_grad()
        output_real = self.d(real)
        output_fake = self.d(self.g(codes[0]).detach())
        (relu(1 - output_real).mean() + relu(1 + output_fake).mean()).backward()  # type: ignore[no-untyped-call]
        self.optimiser_d.step()
        self.g.zero_grad()
        (-self.d(self.g(codes[1])).mean()).backward()
        self.optimiser_g.step()
