"""Which pictures are of another kind than the rest: some alone and far from all, some in a small group of their own.

Both by the distances between points (see `ganlib.pictures.points`): a picture whose 50th neighbour, or whose nearest, is further
away than everyone else's; and a small branch of the tree of clusters that joins the others late, and whose members all have their
nearest picture of another branch far away.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.metrics.parallel import parallel, single
from ganlib.pictures import fences
from ganlib.pictures.shelf import Rows

FEWEST = 200
REFERENCES = 20_000  # that pictures are compared with at most
#: How far the 50th neighbour of a stranger is beyond the median, in times the 90th percentile's way: a set of much variety has a
#: longer tail of its own. In thirteen sets of a kind 998 of 1,000 were within 2.8, and most strangers beyond 2.9 to 4.5.
RANK, _BEYOND, _USUALLY = 50, 2.8, 0.9
_BLOCK = 512
_CLUSTERS, _TURNS, _LEARNT = 96, 12, 5_000  # centres; how often they are moved; pictures that they are learnt from at most
_SMALL, _LATE = 0.05, 1.3  # of the pictures; of the median height at which branches join
#: How far a stranger is from its nearest picture, in 95th percentiles of that distance.
_APART = 1.4
#: The same for the median of a foreign group: beyond what is usual among all small groups, as Tukey fences it, but within these.
#: In the same sets, groups of their own were 1.0 to 1.5 away, and 1.3 where the fence was low; foreign ones 1.4 to 2.4. Members
#: of a small one have most of their neighbours outside: half of them are nearly as far beyond the median as those that are alone,
#: 2.4 to 5.7 times, those of groups of a set's own up to 1.8. A large one must do without this sign, and be farther.
_WIDTH, _NEAREST, _FARTHEST, _FARTHEST_LARGE = 2.5, 1.3, 1.55, 1.75
_NEARLY = 2.1
_MEMBERS = 64  # of a group, that are looked at
_SHOWN = 6  # that only just belong


class Points(Protocol):
    """Points [N, D], wherever they lie."""

    def __len__(self) -> int: ...

    def __getitem__(self, places: "slice | NDArray[np.int64]") -> NDArray[np.float32]:
        """Some of them."""
        ...


class Found(NamedTuple):
    """A picture, how far it is, and from where on that is too far. aside: false for those that are next to be strangers."""

    place: int
    distance: float
    threshold: float
    aside: bool = True


class _Seen(NamedTuple):
    """Places of some pictures, their points [N, D], and the squares of their lengths, [N]."""

    places: Rows
    points: Tensor
    lengths: Tensor


def strangers(points: Points, nearest: Rows, references: int) -> Iterator[Found]:
    """Each picture that does not belong to the others, and a few that only just do.

    nearest: of each point the places of those nearest to it, nearest first, [N, K]. references: how many those were chosen from.
    """
    far, near = (_distances(points, nearest[:, neighbour]) for neighbour in (rank(references) - 1, 0))
    middle, width = spread(far)
    threshold, usual = too_far(far), float(np.quantile(near, 0.95))
    belongs = (far <= threshold) & (near <= _APART * usual)
    for place in np.flatnonzero(~belongs):
        distance, limit = (far[place], threshold) if far[place] > threshold else (near[place], _APART * usual)
        yield Found(int(place), float(distance), limit)
    for members, distance, limit in _groups(points, nearest, usual, (far - middle) / width):
        for place in members[belongs[members]]:
            yield Found(int(place), distance, limit)
        belongs[members] = False
    farthest = np.argsort(-far, kind="stable")
    for place in farthest[belongs[farthest]][:_SHOWN]:
        yield Found(int(place), float(far[place]), threshold, aside=False)


def _distances(points: Points, others: Rows, places: Rows | None = None) -> NDArray[np.float64]:
    """From each point, or those in some places, to another, [N], to the last bit whatever else was computed along with it."""
    places = np.arange(len(others)) if places is None else places
    found = np.empty(len(others))
    for start in range(0, len(others), _BLOCK):
        block = slice(start, start + _BLOCK)
        apart = points[places[block]].astype(np.float64) - points[others[block]]
        found[block] = np.sqrt(np.einsum("nd,nd->n", apart, apart))
    return found.clip(1e-9)


def too_far(far: NDArray[np.float64], beyond: float = _BEYOND) -> float:
    """From where on something, a 50th neighbour by default, is further away than everyone else's."""
    middle, width = spread(far)
    return middle + beyond * width


def spread(far: NDArray[np.float64]) -> tuple[float, float]:
    """The median, and how far beyond it the 90th percentile is."""
    middle, usual = np.quantile(far, (0.5, _USUALLY))
    return float(middle), float((usual - middle).clip(1e-9))


def rank(references: int, share: float = 1.0) -> int:
    """The 50th neighbour in a whole set is which one among so many references, drawn from a `share` of the set?"""
    return max(1, round(min(RANK * share, references / 4)))


def alone(points: NDArray[np.float32], share: float) -> NDArray[np.bool_]:
    """Which of these points, a `share` of the set, are far from all."""
    apart = torch.cdist(torch.from_numpy(points), torch.from_numpy(points)).fill_diagonal_(torch.inf)
    far = apart.kthvalue(rank(len(points), share), dim=1).values.double().numpy()
    return np.asarray(far > too_far(far))


def square_distances(first: Tensor, second: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Between points [N, D] and [M, D]: [N, M]. As `torch.cdist` computes many, but in two thirds of the time.

    lengths: `square_lengths` of the second, where they are asked for more than once.
    """
    squares = (first**2).sum(1, keepdim=True) + (square_lengths(second) if lengths is None else lengths)
    return torch.addmm(squares, first, second.T, alpha=-2).clamp_min_(0)


def square_lengths(points: Tensor) -> Tensor:
    """Of points [N, D]: [N]."""
    return (points**2).sum(1)


def _groups(
    points: Points, nearest: Rows, usual: float, beyond: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.int64], float, float]]:
    """Places of the members of each foreign group, how far it is from the others, and from where on that is too far.

    usual: how far most pictures are from their nearest, at most. beyond: how far beyond the median each picture's 50th neighbour
    is, in times of what is usual, [N].
    """
    from scipy.cluster.hierarchy import linkage

    centres, owner = single(lambda: _clusters(points))
    if len(centres) < 2:
        return
    tree = linkage(centres.double().numpy(), "average")
    counts = np.bincount(owner, minlength=len(centres))
    branches = [[cluster] for cluster in range(len(centres))]
    joins = []
    for left, right, height, _ in tree:
        joins += [(float(height), branches[int(side)]) for side in (left, right)]
        branches.append(branches[int(left)] + branches[int(right)])
    small = [(height, branch) for height, branch in reversed(joins) if counts[branch].sum() <= _SMALL * len(points)]
    sample = np.arange(0, len(points), max(1, len(points) // REFERENCES))
    others = torch.from_numpy(points[sample])
    seen = _Seen(sample, others, square_lengths(others))
    aparts = list(parallel(lambda branch: _apart(points, nearest, np.isin(owner, branch), seen), (branch for _, branch in small)))
    fence, late = np.exp(fences.upper(np.log(np.array(aparts) / usual), _WIDTH)), _LATE * float(np.median(tree[:, 2]))
    taken: set[int] = set()
    for (height, branch), apart in zip(small, aparts, strict=True):
        if height <= late or taken.intersection(branch):
            continue
        members = np.flatnonzero(np.isin(owner, branch))
        large = len(members) > RANK
        limit = usual * float(np.clip(fence, _NEAREST, _FARTHEST_LARGE if large else _FARTHEST))
        if apart > limit and (large or np.median(beyond[members]) > _NEARLY):
            taken.update(branch)
            yield members, apart, limit


def _apart(points: Points, nearest: Rows, inside: NDArray[np.bool_], seen: _Seen) -> float:
    """The median distance of the members from their nearest picture outside.

    seen: as many pictures as are looked at where all that are near belong to it, too.
    """
    members = np.flatnonzero(inside)[:_MEMBERS]
    outside = ~inside[nearest[members]]
    known = outside.any(axis=1)
    first = nearest[members, outside.argmax(axis=1)][known]
    apart = _distances(points, first, members[known])
    if not known.all():
        squares = square_distances(torch.from_numpy(points[members[~known]]), seen.points, seen.lengths)
        squares[:, torch.from_numpy(inside[seen.places])] = torch.inf
        apart = np.concatenate([apart, squares.amin(1).sqrt().double().numpy()])
    return float(np.median(apart).clip(1e-9))


def _clusters(points: Points) -> tuple[Tensor, NDArray[np.int64]]:
    """Centres by k-means (seeded by k-means++, Arthur and Vassilvitskii 2007), learned on a part; and each point's centre."""
    dice = torch.Generator().manual_seed(0)
    part = torch.from_numpy(points[np.arange(0, len(points), -(-len(points) // _LEARNT))])
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
