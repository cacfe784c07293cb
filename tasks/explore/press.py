"""The press: one thread that draws for everybody, what waits of the same model together, up to 32 codes at once."""

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ganlib.sampling.draw import decode
from ganlib.training.batches import Pictures

#: Codes drawn at once; codes that may wait. A network is given blocks of 8, so that one picture need not wait for 50: with
#: blocks of four or more the bytes were those of 50 (measured at 32 and 64 pixels, tests/test_explore.py holds them against
#: each other), and they do not depend on who else asks.
AT_ONCE, WAITING, BLOCK = 32, 256, 8
#: What `ganlib.sampling` takes: the same bytes by construction.
EXACT = 50


class Busy(Exception):
    """Too many wait."""


@dataclass
class Job:
    """codes [n, latent] for a generator, in blocks of `block`."""

    generator: nn.Module
    codes: Tensor
    block: int
    drawn: "Future[Pictures]" = field(default_factory=Future)


class Press:
    """Draws in a thread of its own, which `close` ends; what waits then is cancelled."""

    def __init__(self, waiting: int = WAITING) -> None:
        self.most = waiting
        self.batches = 0
        self._jobs: deque[Job] = deque()
        self._change = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._work, name="press", daemon=True)
        self._thread.start()

    def draw(self, generator: nn.Module, codes: Tensor, block: int = BLOCK) -> "Future[Pictures]":
        """Pictures uint8 [n, H, W, C] of codes [n, latent], n at most 32, some time soon. Raises `Busy` where too many wait."""
        job = Job(generator, codes, block)
        with self._change:
            if sum(len(other.codes) for other in self._jobs) + len(codes) > self.most:
                raise Busy
            self._jobs.append(job)
            self._change.notify()
        return job.drawn

    def close(self) -> None:
        """End the thread."""
        with self._change:
            self._open = False
            for job in self._jobs:
                job.drawn.cancel()
            self._jobs.clear()
            self._change.notify()
        self._thread.join(timeout=30)

    def _work(self) -> None:
        torch.set_num_threads(1)  # a thread that waits for a second one is slower where the machine has other work
        while batch := self._take():
            self.batches += 1
            _print(batch)

    def _take(self) -> list[Job]:
        """The job that waits longest, and as many others like it as are drawn at once; none when the press is closed."""
        with self._change:
            self._change.wait_for(lambda: self._jobs or not self._open)
            if not self._open:
                return []
            first = self._jobs[0]
            batch, room = [], AT_ONCE
            for job in list(self._jobs):
                if job.generator is first.generator and job.block == first.block and len(job.codes) <= room:
                    room -= len(job.codes)
                    batch.append(job)
                    self._jobs.remove(job)
            return batch


def _print(batch: list[Job]) -> None:
    wanted = [job for job in batch if job.drawn.set_running_or_notify_cancel()]
    if not wanted:
        return
    try:
        pictures = decode(wanted[0].generator, torch.cat([job.codes for job in wanted]), wanted[0].block)
    except Exception as error:
        for job in wanted:
            job.drawn.set_exception(error)
        return
    start = 0
    for job in wanted:
        job.drawn.set_result(pictures[start : start + len(job.codes)])
        start += len(job.codes)
