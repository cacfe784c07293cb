"""Means of what the steps report, between two lines of the history."""

import math
import time
from collections.abc import Mapping

import torch
from torch import Tensor

from ganlib.ranks import average
from ganlib.training.guard import NotFinite
from ganlib.training.history import CLOCK


class Meter:
    """Means of what the steps report since the last reading; the device is asked for numbers only when read."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}
        self._images, self._since = 0, time.monotonic()

    def add(self, seen: Mapping[str, Tensor], images: int) -> None:
        """Take in one step's numbers and how many pictures it showed."""
        self._images += images
        known = [name for name in seen if name in self.sums]
        if known:  # all at once, for on a GPU each addition would be a launch of its own
            sums = torch._foreach_add([self.sums[name] for name in known], [seen[name] for name in known])
            self.sums |= dict(zip(known, sums, strict=True))
        self.sums |= {name: value.clone() for name, value in seen.items() if name not in known}
        for name in seen:
            self.counts[name] = self.counts.get(name, 0) + 1

    def agree(self) -> None:
        """Replace the sums by their means over all processes, so that it does not matter whose are kept."""
        average([self.sums[name] for name in sorted(self.sums)])

    def read(self) -> dict[str, float]:
        """Means by name, and the speed; then begin anew. Raises `NotFinite` at a mean that is not finite."""
        self.agree()
        values = {name: float(self.sums[name]) / self.counts[name] for name in sorted(self.sums)}
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        if broken:
            raise NotFinite(", ".join(broken))
        now = time.monotonic()
        values[f"{CLOCK}images_per_second"] = self._images / max(now - self._since, 1e-9)
        self.clear()
        self._since = now
        return values

    def clear(self) -> None:
        """Forget what was taken in."""
        self.sums, self.counts, self._images = {}, {}, 0
