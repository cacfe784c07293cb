"""Work on one item after the other, some ahead of the one that is asked for, on all cores."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(work: Callable[[T], R], items: Iterable[T], threads: int = 0) -> Iterator[tuple[T, R]]:
    """Each item with `work` of it, in order; at most four times as many are under way as there are threads (0: the cores).

    For work that leaves Python alone most of the time, as decoders do. An exception, of `work` or of the items, comes at its
    turn: after all that was before it.
    """
    threads = threads or os.cpu_count() or 1
    under_way: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
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
