"""What this machine can do at most, on one thread: the yardstick for what is reached."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.functional import conv2d
from torch.utils.flop_counter import FlopCounterMode

from bench.race import seconds

_TRIES = 5


@dataclass(frozen=True)
class Ceiling:
    """GFLOP/s of a large matrix product and of a convolution on large maps, and GB/s of a copy, each the best of some tries."""

    product: float
    convolution: float
    copy: float

    def fraction(self, gflop: float, took: float) -> float:
        """The share that `gflop` in `took` seconds are of the best rate, be it of products or of convolutions."""
        return gflop / took / max(self.product, self.convolution)


def measure(dtype: torch.dtype) -> Ceiling:
    """Measure it, which takes some seconds."""
    torch.set_num_threads(1)
    side = 2048
    a, b = torch.randn(side, side).to(dtype), torch.randn(side, side).to(dtype)
    maps = torch.randn(16, 128, 32, 32).to(dtype).contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(128, 128, 3, 3).to(dtype).contiguous(memory_format=torch.channels_last)
    source = torch.empty(1 << 28, dtype=torch.uint8).fill_(1)
    target = torch.empty_like(source)
    return Ceiling(
        product=gflop(lambda: a @ b) / _least(lambda: a @ b),
        convolution=gflop(lambda: conv2d(maps, kernel, padding=1)) / _least(lambda: conv2d(maps, kernel, padding=1)),
        copy=2 * source.numel() / 1e9 / _least(lambda: target.copy_(source)),
    )


def gflop(work: Callable[[], object]) -> float:
    """Products and sums of `work`, backward passes included, as torch counts them."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / 1e9


def _least(work: Callable[[], object]) -> float:
    work()
    return min(seconds(work) for _ in range(_TRIES))
