"""Which pictures are compared with which, where there are so many that each with each takes too long.

The points are divided into cells by k-means (faiss; an inverted file as of Jégou, Douze and Schmid 2011). Each picture is
compared with all pictures of the cells that are nearest to it, by the distances of `ganlib.pictures.duplicates.tangent`.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganlib.metrics.parallel import parallel, single
from ganlib.pictures.neighbours import Tile

EXACT = 60_000  # pictures up to which each is compared with each
_IN_A_CELL, _PROBED = 250, 16  # pictures, about; cells
_LEARNED, _TURNS = 40, 8  # points a cell that the cells are learned from; turns of k-means
_BLOCK, _TOGETHER = 4096, 512

Points = NDArray[np.float32]


class Cells:
    """The cells of points [N, D]."""

    def __init__(self, points: Points, by_lot: NDArray[np.int64]) -> None:
        """Learn them. by_lot: an order of the points that has nothing to do with what they are."""
        import faiss

        number = max(1, len(points) // _IN_A_CELL)
        learned = np.ascontiguousarray(points[by_lot[: number * _LEARNED]])
        self._nearest = faiss.IndexFlatL2(points.shape[1])
        self._nearest.add(single(lambda: _means(learned, number)))
        owner = self._probe(points, 1)[:, 0]
        order = np.argsort(owner, kind="stable")
        self._members = np.split(order, np.cumsum(np.bincount(owner, minlength=number))[:-1])

    def tiles(self, queries: Points) -> Iterator[Tile]:
        """Places of queries [Q, D] and of points that lie in cells near them."""
        probed = self._probe(queries, min(_PROBED, len(self._members)))
        order = np.argsort(probed, axis=None, kind="stable")
        asking = np.split(order // probed.shape[1], np.cumsum(np.bincount(probed.ravel(), minlength=len(self._members)))[:-1])
        for some, members in zip(asking, self._members, strict=True):
            for start in range(0, len(some), _TOGETHER):
                yield some[start : start + _TOGETHER], members

    def _probe(self, points: Points, number: int) -> NDArray[np.int64]:
        """The cells nearest to each point, [N, number]."""
        import faiss

        def work(start: int) -> NDArray[np.int64]:
            faiss.omp_set_num_threads(1)  # of this thread alone
            return np.asarray(self._nearest.search(np.ascontiguousarray(points[start : start + _BLOCK]), number)[1])

        return np.concatenate(list(parallel(work, range(0, len(points), _BLOCK))))


def _means(points: Points, number: int) -> Points:
    """So many centres of points, by k-means on one thread: more would add up otherwise, and the centres differ."""
    import faiss

    faiss.omp_set_num_threads(1)
    means = faiss.Kmeans(points.shape[1], number, niter=_TURNS, seed=0, max_points_per_centroid=_LEARNED)
    means.train(points)
    return np.asarray(means.centroids)
