"""Who does the heavy work on pictures: this machine's cores, or a cluster of machines. The work, and its bytes, are the same."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ganlib.errors import AtelierError
from ganlib.metrics.heap import keep_freed
from ganlib.metrics.parallel import parallel

if TYPE_CHECKING:
    pass

T = TypeVar("T")
R = TypeVar("R")
_UNDER_WAY = 4  # pieces for each thread of a cluster
_PATIENCE = 20  # seconds


class Crew(Protocol):
    """Does pieces of work side by side, each on one thread."""

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """`work` of each item, in order; items are taken as they are needed."""
        ...


class Here:
    """The cores of this machine."""

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """`work` of each item, in order."""
        keep_freed()
        return parallel(work, items)


class Cluster:
    """The workers of a Dask scheduler, which have this package installed, too. Functions and pictures travel to them."""

    def __init__(self, address: str) -> None:
        """Connect. Raises `AtelierError` where Dask is not installed, or nobody answers, or it has no workers."""
        try:
            from distributed import Client
        except ImportError:
            raise AtelierError(
                f"curate.cluster {address}: expected Dask to be installed, found it missing. Install it: pip install '.[cluster]'"
            ) from None
        try:
            self._client: Client = Client(address, timeout=_PATIENCE, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, TimeoutError, ValueError) as error:
            raise AtelierError(
                f"curate.cluster {address}: expected a Dask scheduler with workers, found none ({error}). "
                "Start one (dask scheduler, dask worker), or leave curate.cluster empty to work on this machine alone."
            ) from None

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """`work` of each item, in order. A piece whose worker vanishes is done by another one."""
        most = _UNDER_WAY * max(1, sum(self._client.nthreads().values()))
        under_way: deque[Any] = deque()
        for item in items:
            under_way.append(self._client.submit(_alone, work, item, pure=False))
            if len(under_way) >= most:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def crew_at(address: str | None) -> AbstractContextManager[Crew]:
    """That of the scheduler at the address (`tcp://host:port`), or this machine's."""
    return Cluster(address) if address else nullcontext(Here())


def _alone(work: Callable[[T], R], item: T) -> R:
    keep_freed()
    torch.set_num_threads(1)  # a worker is as many processes as it has cores
    return work(item)


def padded(values: NDArray[Any], least: int) -> NDArray[Any]:
    """`values`, the last one as often as it takes to be so many: products of few rows are rounded otherwise than of many."""
    return np.concatenate([values, np.repeat(values[-1:], max(0, least - len(values)), axis=0)])
