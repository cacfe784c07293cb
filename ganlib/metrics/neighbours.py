"""Precision, recall, density and coverage: which pictures lie among the nearest neighbours of which.

A set's manifold is the union of balls around its samples that reach to each one's k-th nearest neighbour within the set.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ganlib.metrics.measure import Measurement
from ganlib.metrics.moments import Features, double
from ganlib.metrics.parallel import parallel

#: Rows of the matrix of distances that a thread holds at a time.
BLOCK = 512


@dataclass(frozen=True)
class Manifold:
    """points: [N, D]. radii: [N], squared distances to the k-th nearest neighbour."""

    points: Tensor
    radii: Tensor


@dataclass(frozen=True)
class Hits:
    """What a block of generated points meets. balls: real balls that hold each of them. covered: real points whose ball holds
    one of them. recalled: real points that lie in the ball of one of them."""

    balls: Tensor
    covered: Tensor
    recalled: Tensor


def neighbour_scores(generated: Features, real: Features, neighbours: int = 5, block: int = BLOCK) -> tuple[Measurement, ...]:
    """Precision, recall (Kynkäänniemi et al. 2019, equations 1 and 2), density and coverage (Naeem et al. 2020).

    [N, D] and [M, D] features, N and M > `neighbours`. A point on the surface of a ball is inside. Memory: `block` rows of
    distances a thread. The error is that of a share of independent samples (Wilson 1927, which stays above zero for shares of
    0 and 1), for density that of a mean; both take the manifolds as given.
    """
    centre = double(real).mean(dim=0)  # distances from afar lose digits
    fake, true = (_manifold(double(x) - centre, neighbours, block) for x in (generated, real))
    blocks = zip(torch.split(fake.points, block), torch.split(fake.radii, block), strict=True)
    hits = list(parallel(lambda part: _hits(*part, true), blocks))
    balls = torch.cat([part.balls for part in hits]).double()
    density = balls / neighbours
    return (
        _share("precision", balls > 0),
        _share("recall", torch.stack([part.recalled for part in hits]).any(dim=0)),
        Measurement("density", float(density.mean()), float(density.std() / len(density) ** 0.5)),
        _share("coverage", torch.stack([part.covered for part in hits]).any(dim=0)),
    )


def _manifold(points: Tensor, neighbours: int, block: int) -> Manifold:
    def radii(rows: Tensor) -> Tensor:
        return _squared_distances(rows, points).kthvalue(neighbours + 1, dim=1).values  # the nearest is the point itself

    return Manifold(points, torch.cat(list(parallel(radii, torch.split(points, block)))))


def _hits(points: Tensor, radii: Tensor, true: Manifold) -> Hits:
    distances = _squared_distances(points, true.points)
    in_real = distances <= true.radii
    return Hits(in_real.sum(dim=1), in_real.any(dim=0), (distances <= radii[:, None]).any(dim=0))


def _squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """[N, M]. What rounding leaves of the distance between equal points is made zero: twins lie in balls of radius 0."""
    sums = (x * x).sum(dim=1)[:, None] + (y * y).sum(dim=1)
    distances = sums - 2 * x @ y.T
    return distances.where(distances > 1e-12 * sums, 0.0)


def _share(name: str, hits: Tensor) -> Measurement:
    n, share = len(hits), float(hits.double().mean())
    return Measurement(name, share, (share * (1 - share) / n + 1 / (4 * n * n)) ** 0.5 / (1 + 1 / n))
