"""Precision, recall, density and coverage: which pictures lie among the nearest neighbours of which.

A set's manifold is the union of balls around its samples that reach to each one's k-th nearest neighbour within the set.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ganlib.metrics.distances import squared_distances
from ganlib.metrics.measure import Measurement, share
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
    """What generated points meet. balls: real balls that hold each of them. covered: real points whose ball holds one of
    them. recalled: real points that lie in the ball of one of them. outside: squared distance of each of them to the real point
    in whose ball it lies, or comes nearest to lying, in radii of that ball."""

    balls: Tensor
    covered: Tensor
    recalled: Tensor
    outside: Tensor

    def measurements(self, neighbours: int) -> tuple[Measurement, ...]:
        """Precision, recall, density, coverage."""
        density = self.balls.double() / neighbours
        return (
            _share("precision", self.balls > 0),
            _share("recall", self.recalled),
            Measurement("density", float(density.mean()), float(density.std() / len(density) ** 0.5)),
            _share("coverage", self.covered),
        )

    def ranking(self) -> list[int]:
        """The generated points, the one in most balls first; those in as many by how far inside, or outside, they are."""
        return sorted(range(len(self.balls)), key=lambda i: (-int(self.balls[i]), float(self.outside[i]), i))


def neighbour_scores(generated: Features, real: Features, neighbours: int = 5, block: int = BLOCK) -> tuple[Measurement, ...]:
    """Precision, recall (Kynkäänniemi et al. 2019, equations 1 and 2), density and coverage (Naeem et al. 2020); see `meet`."""
    return meet(generated, real, neighbours, block).measurements(neighbours)


def meet(generated: Features, real: Features, neighbours: int = 5, block: int = BLOCK) -> Hits:
    """What [N, D] generated features meet among [M, D] real ones, N and M > `neighbours`.

    A point on the surface of a ball is inside. Memory: `block` rows of distances a thread. The error of the scores is that of a
    share of independent samples (Wilson 1927, which stays above zero for shares of 0 and 1), for density that of a mean; both
    take the manifolds as given.
    """
    centre = double(real).mean(dim=0)  # distances from afar lose digits
    fake, true = (_manifold(double(x) - centre, neighbours, block) for x in (generated, real))
    blocks = zip(torch.split(fake.points, block), torch.split(fake.radii, block), strict=True)
    hits = list(parallel(lambda part: _hits(*part, true), blocks))
    return Hits(
        torch.cat([part.balls for part in hits]),
        torch.stack([part.covered for part in hits]).any(dim=0),
        torch.stack([part.recalled for part in hits]).any(dim=0),
        torch.cat([part.outside for part in hits]),
    )


def _manifold(points: Tensor, neighbours: int, block: int) -> Manifold:
    def radii(rows: Tensor) -> Tensor:
        return squared_distances(rows, points).kthvalue(neighbours + 1, dim=1).values  # the nearest is the point itself

    return Manifold(points, torch.cat(list(parallel(radii, torch.split(points, block)))))


def _hits(points: Tensor, radii: Tensor, true: Manifold) -> Hits:
    distances = squared_distances(points, true.points)
    in_real = distances <= true.radii
    outside = (distances / true.radii.clamp(min=torch.finfo(distances.dtype).tiny)).amin(dim=1)
    return Hits(in_real.sum(dim=1), in_real.any(dim=0), (distances <= radii[:, None]).any(dim=0), outside)


def _share(name: str, hits: Tensor) -> Measurement:
    return share(name, int(hits.sum()), len(hits))
