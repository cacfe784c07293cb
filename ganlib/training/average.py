"""A network's average over its own past: calmer than the network, and what is published."""

import copy
from itertools import groupby

import torch
from torch import Tensor, nn


class Average:
    """An exponential moving average of a module's parameters, with a half-life counted in pictures shown."""

    def __init__(self, module: nn.Module, half_life_kimg: float) -> None:
        """module: as it is going to be computed with; its tensors must stay where they are."""
        self.half_life = 1000 * half_life_kimg
        self.module = copy.deepcopy(module).requires_grad_(False).eval()
        mine, theirs = self.module.parameters(), module.parameters()
        self._followed: tuple[list[Tensor], list[Tensor]] = list(mine), list(theirs)  # sought once: a small step takes no longer
        self._copied = _by_type(list(self.module.buffers()), list(module.buffers()))

    @torch.no_grad()
    def update(self, batch: int, images: int) -> None:
        """Move towards the module after a batch, `images` having been shown before it.

        The half-life grows with what has been shown (Karras et al. 2020 ramp it so), or the first, random weights would
        weigh on a short run. Buffers, such as a norm's running statistics, are averages already and are copied.
        """
        half_life = min(self.half_life, 0.05 * images)
        keep = 0.5 ** (batch / half_life) if half_life > 0 else 0.0
        torch._foreach_lerp_(*self._followed, 1 - keep)
        for mine, theirs in self._copied:
            torch._foreach_copy_(mine, theirs)


def _by_type(mine: list[Tensor], theirs: list[Tensor]) -> list[tuple[list[Tensor], list[Tensor]]]:
    """The pairs sorted by their type, for those of one type are copied at once."""
    pairs = sorted(zip(mine, theirs, strict=True), key=lambda pair: str(pair[0].dtype))
    groups = (list(group) for _, group in groupby(pairs, key=lambda pair: pair[0].dtype))
    return [([mine for mine, _ in group], [theirs for _, theirs in group]) for group in groups]
