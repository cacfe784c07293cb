"""Precision, recall, density and coverage: which pictures lie among the nearest neighbours of which.

A set's manifold is the union of balls around its samples that reach to each one's k-th nearest neighbour within the set.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ganlib.metrics.measure import Measurement
from ganlib.metrics.moments import Features, Matrix

#: Rows of the matrix of distances that are held at a time.
BLOCK = 1024


@dataclass(frozen=True)
class Manifold:
    """points: [N, D], less the centre; squares: [N], their squared lengths; radii: [N], squared."""

    points: Matrix
    squares: Matrix
    radii: Matrix


def neighbour_scores(generated: Features, real: Features, neighbours: int = 5, block: int = BLOCK) -> tuple[Measurement, ...]:
    """Precision, recall (Kynkäänniemi et al. 2019, equations 1 and 2), density and coverage (Naeem et al. 2020).

    [N, D] and [M, D] features, N and M > `neighbours`. A point on the surface of a ball is inside. Memory: `block` rows of
    distances. The error is that of a share of independent samples (Wilson 1927, which stays above zero for shares of 0 and 1),
    for density that of a mean; both take the manifolds as given.
    """
    centre = np.asarray(real, dtype=np.float64).mean(axis=0)
    fake, true = _manifold(generated, centre, neighbours, block), _manifold(real, centre, neighbours, block)
    balls = np.empty(len(generated))
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows in _blocks(len(generated), block):
        distances = _squared_distances(fake.points[rows], fake.squares[rows], true)
        in_real_ball = distances <= true.radii
        balls[rows] = in_real_ball.sum(axis=1)
        covered |= in_real_ball.any(axis=0)
        recalled |= (distances <= fake.radii[rows, None]).any(axis=0)
    density = balls / neighbours
    return (
        _share("precision", balls > 0),
        _share("recall", recalled),
        Measurement("density", float(density.mean()), float(density.std(ddof=1) / np.sqrt(len(density)))),
        _share("coverage", covered),
    )


def _manifold(features: Features, centre: Matrix, neighbours: int, block: int) -> Manifold:
    points = np.asarray(features, dtype=np.float64) - centre
    squares = np.sum(points * points, axis=1)
    everything = Manifold(points, squares, np.empty(0))
    radii = np.empty(len(points))
    for rows in _blocks(len(points), block):
        distances = _squared_distances(points[rows], squares[rows], everything)
        radii[rows] = np.partition(distances, neighbours, axis=1)[:, neighbours]  # the nearest of all is the point itself
    return Manifold(points, squares, radii)


def _squared_distances(points: Matrix, squares: Matrix, manifold: Manifold) -> Matrix:
    """[rows, N]. What rounding leaves of the distance between equal points is made zero: twins lie in balls of radius 0."""
    sums = squares[:, None] + manifold.squares
    distances = sums - 2 * points @ manifold.points.T
    return np.where(distances <= 1e-12 * sums, 0.0, distances)


def _share(name: str, hits: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Measurement:
    n, share = len(hits), float(hits.mean())
    return Measurement(name, share, float(np.sqrt(share * (1 - share) / n + 1 / (4 * n * n)) / (1 + 1 / n)))


def _blocks(count: int, block: int) -> Iterator[slice]:
    return (slice(start, start + block) for start in range(0, count, block))
