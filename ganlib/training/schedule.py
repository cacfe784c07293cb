"""What a factor is when a share of the run lies behind."""

import math


def decayed(done: float, share: float, shape: str = "linear") -> float:
    """The factor on the learning rates when the share `done` (0 to 1) of the run lies behind: 1, then down to 0 over the last
    `share` of it (0: never), in a straight line or on half a cosine."""
    if share <= 0:
        return 1.0
    left = min(1.0, (1 - done) / share)
    return left if shape == "linear" else (1 - math.cos(math.pi * left)) / 2


def towards(end: float, done: float) -> float:
    """From 1 at the beginning of the run to `end` at its end, on half a cosine, as R3GAN anneals its penalty
    (Huang et al. 2024)."""
    return end + (1 - end) * (1 + math.cos(math.pi * done)) / 2
