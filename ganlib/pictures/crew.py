"""Who does the heavy work on pictures: this machine's cores, or a cluster of machines. The work, and its bytes, are the same."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ganlib.errors import AtelierError
from ganlib.heap import keep_freed
from ganlib.metrics.parallel import parallel

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
        self._address = address
        try:
            self._client: Client = Client(address, timeout=_PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise self._nobody(str(error)) from None
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, TimeoutError) as error:
            self._client.close()
            raise self._nobody(str(error)) from None

    def _nobody(self, why: str) -> AtelierError:
        return AtelierError(
            f"curate.cluster {self._address}: expected a Dask scheduler with workers, found none ({why}). "
            "Start one (dask scheduler, dask worker), or leave curate.cluster empty to work on this machine alone."
        )

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """`work` of each item, in order. A piece whose worker vanishes is done by another one.

        Raises `AtelierError` where the scheduler vanishes, no worker survives a piece, or a worker has other code or packages.
        """
        from distributed import CancelledError, KilledWorker
        from distributed.comm.core import CommClosedError

        from ganlib.pictures.shelves import fingerprint

        most, expected = _UNDER_WAY * max(1, sum(self._client.nthreads().values())), fingerprint()
        under_way: deque[Any] = deque()
        try:
            for item in items:
                under_way.append(self._client.submit(_alone, work, item, expected, pure=False))
                if len(under_way) >= most:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except (CommClosedError, KilledWorker, CancelledError, TimeoutError) as error:
            raise AtelierError(
                f"curate.cluster {self._address}: expected the cluster to stay until the end, found it gone ({error}). "
                "Nothing was written; what was found out is kept for the next time."
            ) from None


def crew_at(address: str | None) -> AbstractContextManager[Crew]:
    """That of the scheduler at the address (`tcp://host:port`), or this machine's."""
    return Cluster(address) if address else nullcontext(Here())


def _alone(work: Callable[[T], R], item: T, expected: str) -> R:
    from ganlib.pictures.shelves import fingerprint

    if fingerprint() != expected:
        raise AtelierError(
            f"curate.cluster: expected workers with the same code, packages and kind of processor ({expected}), found one with "
            f"{fingerprint()}. Nothing was written; install the same version everywhere."
        )
    keep_freed()
    torch.set_num_threads(1)  # a worker is as many processes as it has cores
    return work(item)


def padded(values: NDArray[Any], least: int) -> NDArray[Any]:
    """`values`, the last one as often as it takes to be so many: products of few rows are rounded otherwise than of many."""
    return np.concatenate([values, np.repeat(values[-1:], max(0, least - len(values)), axis=0)])
