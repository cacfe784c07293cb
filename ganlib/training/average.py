"""A network's average over its own past: calmer than the network, and what is published."""

import copy

import torch
from torch import nn


class Average:
    """An exponential moving average of a module's parameters, with a half-life counted in pictures shown."""

    def __init__(self, module: nn.Module, half_life_kimg: float) -> None:
        self.half_life = 1000 * half_life_kimg
        self.module = copy.deepcopy(module).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, module: nn.Module, batch: int, images: int) -> None:
        """Move towards `module` after a batch, `images` having been shown before it.

        The half-life grows with what has been shown (Karras et al. 2020 ramp it so), or the first, random weights would
        weigh on a short run. Buffers, such as a norm's running statistics, are averages already and are copied.
        """
        half_life = min(self.half_life, 0.05 * images)
        keep = 0.5 ** (batch / half_life) if half_life > 0 else 0.0
        torch._foreach_lerp_(list(self.module.parameters()), list(module.parameters()), 1 - keep)
        for mine, theirs in zip(self.module.buffers(), module.buffers(), strict=True):
            mine.copy_(theirs)
