"""Several pieces of work at once, each on one thread."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def parallel(work: Callable[[T], R], items: Iterable[T], threads: int | None = None) -> Iterator[R]:
    """`work` of each item, in order; as many at a time as torch uses threads, or as `threads`.

    Each piece computes with one thread of torch's, so it has the same bits on every machine of a kind, however many threads
    there are, and no thread spins for another one that a busy machine has put aside. What is computed by numpy's matrix
    products would spin all the same: work of any size is to be torch's.
    """
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads or before, initializer=torch.set_num_threads, initargs=(1,)) as workers:
            yield from workers.map(work, items)
    finally:
        torch.set_num_threads(before)


def single(work: Callable[[], R]) -> R:
    """`work` on one thread, for the same bits however many there are."""
    [found] = parallel(lambda _: work(), [None], threads=1)
    return found
