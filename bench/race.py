"""Two ways of doing the same, in turns: A B A B, one thread each, in seconds of processor time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch


@dataclass(frozen=True)
class Lap:
    """Seconds of processor time of the peer and of ours, in the order in which they were run, in pairs."""

    peer: list[float]
    ours: list[float]

    @property
    def seconds(self) -> float:
        """Ours, the median."""
        return median(self.ours)

    @property
    def ratio(self) -> float:
        """How many times longer the peer took: the ratio of the medians."""
        return median(self.peer) / median(self.ours)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest ratio of one pair."""
        ratios = [peer / ours for peer, ours in zip(self.peer, self.ours, strict=True)]
        return min(ratios), max(ratios)


def race(peer: Callable[[], object], ours: Callable[[], object], rounds: int) -> Lap:
    """Each once to warm up, then in turns, `rounds` times.

    Processor time, for a busy machine inflates time by the clock; on one thread, for threads that wait for each other spin.
    """
    from threadpoolctl import threadpool_limits  # not where there is a GPU and little else

    torch.set_num_threads(1)
    with threadpool_limits(1):  # numpy and scipy have a pool of their own
        peer(), ours()
        lap = Lap([], [])
        for _ in range(rounds):
            lap.peer.append(seconds(peer))
            lap.ours.append(seconds(ours))
    return lap


def seconds(work: Callable[[], object]) -> float:
    """Of processor time, all threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start
