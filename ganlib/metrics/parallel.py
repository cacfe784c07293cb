"""Several pieces of work at once, each on one thread, some ahead of the one that is asked for."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def ahead(
    work: Callable[[T], R], items: Iterable[T], threads: int = 0, start: Callable[[], None] | None = None
) -> Iterator[tuple[T, R]]:
    """Each item with `work` of it, in order; at most four times as many are under way as there are threads (0: the cores).

    For work that leaves Python alone most of the time, as decoders do. Each thread calls `start` first. An exception, of `work`
    or of the items, comes at its turn: after all that was before it.
    """
    threads = threads or os.cpu_count() or 1
    under_way: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(threads, initializer=start) as pool:
        source, more, broken = iter(items), True, None
        try:
            while more or under_way:
                try:
                    while more and len(under_way) < 4 * threads:
                        item = next(source)
                        under_way.append((item, pool.submit(work, item)))
                except StopIteration:
                    more = False
                except Exception as error:
                    more, broken = False, error
                if under_way:
                    first, done = under_way.popleft()
                    yield first, done.result()
            if broken is not None:
                raise broken
        finally:
            for _, left in under_way:
                left.cancel()


def parallel(work: Callable[[T], R], items: Iterable[T], threads: int | None = None) -> Iterator[R]:
    """`work` of each item, in order; as many at a time as torch uses threads, or as `threads`; items are taken as needed.

    Each piece computes with one thread of torch's, so it has the same bits on every machine of a kind, however many threads
    there are, and no thread spins for another one that a busy machine has put aside. What is computed by numpy's matrix
    products would spin all the same: work of any size is to be torch's.
    """
    before = torch.get_num_threads()
    try:
        for _, found in ahead(work, items, threads or before, partial(torch.set_num_threads, 1)):
            yield found
    finally:
        torch.set_num_threads(before)


def single(work: Callable[[], R]) -> R:
    """`work` on one thread, for the same bits however many there are."""
    [found] = parallel(lambda _: work(), [None], threads=1)
    return found
