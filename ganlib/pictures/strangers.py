"""Which pictures are of another kind than the rest: some alone and far from all, some in a small group of their own.

Both by the distances between points (see `ganlib.pictures.points`): a picture whose 50th neighbour, or whose nearest, is further
away than everyone else's; and a small branch of the tree of clusters that joins the others late, and whose members all have their
nearest picture of another branch far away.
"""

from collections.abc import Iterator
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.metrics.parallel import single

FEWEST = 200
REFERENCES = 20_000  # that pictures are compared with at most
#: How far the 50th neighbour of a stranger is, in medians of all. In sets of pictures of a kind it was 1.4 to 1.5 at most, of
#: strangers among them 1.3 to 2.3, mostly above 1.5.
RANK, _FAR = 50, 1.45
_BLOCK = 512
_CLUSTERS, _TURNS = 64, 12
_SMALL, _LATE = 0.05, 1.55  # of the pictures; of the median height at which branches join
#: How far a foreign group is from the others, in 95th percentiles of the distance to the nearest picture. In mixtures of four
#: sets of pictures groups of their own were 1.0 to 1.3 of them away, foreign ones 1.5 to 2.7.
_APART = 1.4


class Points(Protocol):
    """Points [N, D], wherever they lie."""

    def __len__(self) -> int: ...

    def __getitem__(self, places: "slice | NDArray[np.int64]") -> NDArray[np.float32]:
        """Some of them."""
        ...


def strangers(points: Points, far: NDArray[np.float64], near: NDArray[np.float64]) -> Iterator[tuple[int, float, float]]:
    """Place, distance and threshold of each picture that does not belong to the others.

    far, near: of each point how far its 50th neighbour is (see `rank`), and its nearest, [N].
    """
    threshold = too_far(far)
    least = _APART * float(np.quantile(near, 0.95))
    for place in np.flatnonzero(far > threshold):
        yield int(place), float(far[place]), threshold
    for place in np.flatnonzero((near > least) & (far <= threshold)):
        yield int(place), float(near[place]), least
    lonely = (far > threshold) | (near > least)
    for members, distance in _groups(points, least):
        for place in members[~lonely[members]]:
            yield int(place), distance, least


def too_far(far: NDArray[np.float64]) -> float:
    """From where on a 50th neighbour is further away than everyone else's."""
    return _FAR * float(np.median(far))


def rank(references: int, share: float = 1.0) -> int:
    """The 50th neighbour in a whole set is which one among so many references, drawn from a `share` of the set?"""
    return max(1, round(min(RANK * share, references / 4)))


def alone(points: NDArray[np.float32], share: float) -> NDArray[np.bool_]:
    """Which of these points, a `share` of the set, are far from all."""
    apart = torch.cdist(torch.from_numpy(points), torch.from_numpy(points)).fill_diagonal_(torch.inf)
    far = apart.kthvalue(rank(len(points), share), dim=1).values.double().numpy()
    return np.asarray(far > too_far(far))


def square_distances(first: Tensor, second: Tensor) -> Tensor:
    """Between points [N, D] and [M, D]: [N, M]. As `torch.cdist` computes many, but in two thirds of the time."""
    squares = (first**2).sum(1, keepdim=True) + (second**2).sum(1)
    return torch.addmm(squares, first, second.T, alpha=-2).clamp_min_(0)


def _groups(points: Points, least: float) -> Iterator[tuple[NDArray[np.int64], float]]:
    """Places of the members of each group that is at least so far from the others, and how far."""
    from scipy.cluster.hierarchy import linkage

    centres, owner = single(lambda: _clusters(points))
    if len(centres) < 2:
        return
    tree = linkage(centres.double().numpy(), "average")
    late = _LATE * float(np.median(tree[:, 2]))
    counts = np.bincount(owner, minlength=len(centres))
    branches = [[cluster] for cluster in range(len(centres))]
    taken: set[int] = set()
    joins = []
    for left, right, height, _ in tree:
        joins += [(float(height), branches[int(side)]) for side in (left, right)]
        branches.append(branches[int(left)] + branches[int(right)])
    for height, branch in reversed(joins):
        if height <= late or counts[branch].sum() > _SMALL * len(points) or taken.intersection(branch):
            continue
        inside = np.isin(owner, branch)
        apart = single(partial(_apart, points, inside))
        if apart > least:
            taken.update(branch)
            yield np.flatnonzero(inside), apart


def _apart(points: Points, inside: NDArray[np.bool_]) -> float:
    """The median distance of the members from their nearest picture outside."""
    members, others = np.flatnonzero(inside)[:_BLOCK], np.flatnonzero(~inside)
    others = others[:: max(1, len(others) // REFERENCES)]
    apart = square_distances(torch.from_numpy(points[members]), torch.from_numpy(points[others]))
    return float(apart.min(dim=1).values.sqrt().median())


def _clusters(points: Points) -> tuple[Tensor, NDArray[np.int64]]:
    """Centres by k-means (seeded by k-means++, Arthur and Vassilvitskii 2007), learned on a part; and each point's centre."""
    dice = torch.Generator().manual_seed(0)
    part = torch.from_numpy(points[np.arange(0, len(points), max(1, len(points) // REFERENCES))])
    squares = (part**2).sum(1)  # once, and not for every centre

    def apart_from(centre: Tensor) -> Tensor:
        return (squares - 2 * (part @ centre) + centre @ centre).clamp_min(1e-12)

    centres = part[torch.randint(len(part), (1,), generator=dice)]
    apart = apart_from(centres[0])
    for _ in range(min(_CLUSTERS, len(part) // 4) - 1):
        chosen = part[torch.multinomial(apart, 1, generator=dice)]
        centres = torch.cat([centres, chosen])
        apart = torch.minimum(apart, apart_from(chosen[0]))
    for _ in range(_TURNS):
        owner = square_distances(part, centres).argmin(1)
        counts = torch.bincount(owner, minlength=len(centres))[:, None]
        sums = torch.zeros_like(centres).index_add_(0, owner, part)
        centres = torch.where(counts > 0, sums / counts.clamp_min(1), centres)
    blocks = (points[start : start + _BLOCK] for start in range(0, len(points), _BLOCK))
    owner = torch.cat([square_distances(torch.from_numpy(block), centres).argmin(1) for block in blocks])
    lived = torch.unique(owner)
    return centres[lived], np.asarray(torch.searchsorted(lived, owner).numpy())
