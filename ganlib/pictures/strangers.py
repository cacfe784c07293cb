"""Which pictures are of another kind than the rest: some alone and far from all, some in a small group of their own.

Both by the distances between features (and a little of colours and layout): a picture whose 50th neighbour, or whose nearest, is
further away than everyone else's; and a small branch of the tree of clusters that joins the others late, and whose members all
have their nearest picture of another branch far away.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganlib.metrics.parallel import parallel, single
from ganlib.pictures.decode import Pixels

FEWEST = 200
#: How far the 50th neighbour of a stranger is, in medians of all. In sets of pictures of a kind it was 1.4 to 1.5 at most, of
#: strangers among them 1.3 to 2.3, mostly above 1.5.
_RANK, _FAR = 50, 1.45
_LAYOUT = 0.2  # weight of a 4 by 4 reduction of the picture beside its features, whose length is 1
_REFERENCES, _BLOCK = 20_000, 512
_CLUSTERS, _TURNS = 64, 12
_SMALL, _LATE = 0.05, 1.55  # of the pictures; of the median height at which branches join
#: How far a foreign group is from the others, in 95th percentiles of the distance to the nearest picture. In mixtures of four
#: sets of pictures groups of their own were 1.0 to 1.3 of them away, foreign ones 1.5 to 2.7.
_APART = 1.4


def strangers(features: NDArray[np.float32], views: Pixels) -> Iterator[tuple[int, float, float]]:
    """Place, distance and threshold of each picture that does not belong to the others, of features [N, D] and their views."""
    points = _points(features, views)
    far, near, threshold = _far(points, 1.0)
    least = _APART * float(np.quantile(near, 0.95))
    for place in np.flatnonzero(far > threshold):
        yield int(place), float(far[place]), threshold
    for place in np.flatnonzero((near > least) & (far <= threshold)):
        yield int(place), float(near[place]), least
    lonely = (far > threshold) | (near > least)
    for members, distance in _groups(points, least):
        for place in members[~lonely[members]]:
            yield int(place), distance, least


def alone(features: NDArray[np.float32], views: Pixels, share: float) -> NDArray[np.bool_]:
    """Which of these pictures, a `share` of the set, are far from all; [N]."""
    far, _, threshold = _far(_points(features, views), share)
    return far > threshold


def _far(points: Tensor, share: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Distances from the 50th neighbour in the whole set, and from the nearest, and from where on the former is too far."""
    step = max(1, len(points) // _REFERENCES)
    references = points[::step]
    rank = max(1, round(min(_RANK * share, len(references) / 4)))
    far, near = _distances(points, references, step, rank)
    return far, near, _FAR * float(np.median(far))


def nearest(features: NDArray[np.float32], views: Pixels, count: int) -> NDArray[np.int64]:
    """Places of the `count` pictures most like each, itself left out, [N, count]; among every so-manieth of many."""
    points = _points(features, views)
    step = max(1, len(points) // _REFERENCES)
    references = points[::step]

    def work(start: int) -> Tensor:
        return _apart_from(points, references, step, start).topk(min(count, len(references)), largest=False).indices * step

    return np.asarray(torch.cat(list(parallel(work, range(0, len(points), _BLOCK)))).numpy())


def _points(features: NDArray[np.float32], views: Pixels) -> Tensor:
    rows = torch.from_numpy(features)
    layout = [
        adaptive_avg_pool2d(torch.from_numpy(views[start : start + _BLOCK]).permute(0, 3, 1, 2).float(), 4).flatten(1) / 255
        for start in range(0, len(views), _BLOCK)
    ]
    return torch.cat([rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-9), _LAYOUT * torch.cat(layout)], dim=1)


def _distances(points: Tensor, references: Tensor, step: int, rank: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of every point from its `rank`-th and its nearest of the references, every `step`-th point, that is not itself."""

    def work(start: int) -> Tensor:
        closest = _apart_from(points, references, step, start).topk(rank, largest=False, sorted=True).values
        return torch.stack([closest[:, -1], closest[:, 0]], dim=1)

    found = torch.cat(list(parallel(work, range(0, len(points), _BLOCK)))).double().clamp_min(1e-9).numpy()
    return found[:, 0], found[:, 1]


def _apart_from(points: Tensor, references: Tensor, step: int, start: int) -> Tensor:
    """Of a block of points from the references, every `step`-th point; infinite from itself."""
    apart = torch.cdist(points[start : start + _BLOCK], references)
    own = torch.arange(start, start + len(apart))
    itself = (own % step == 0) & (own // step < len(references))
    apart[itself, own[itself] // step] = torch.inf
    return apart


def _groups(points: Tensor, least: float) -> Iterator[tuple[NDArray[np.int64], float]]:
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


def _apart(points: Tensor, inside: NDArray[np.bool_]) -> float:
    """The median distance of the members from their nearest picture outside."""
    members, others = points[torch.from_numpy(inside)], points[torch.from_numpy(~inside)]
    others = others[:: max(1, len(others) // _REFERENCES)]
    return float(torch.cdist(members[:_BLOCK], others).min(dim=1).values.median())


def _clusters(points: Tensor) -> tuple[Tensor, NDArray[np.int64]]:
    """Centres by k-means (seeded by k-means++, Arthur and Vassilvitskii 2007), learned on a part; and each point's centre."""
    dice = torch.Generator().manual_seed(0)
    part = points[:: max(1, len(points) // _REFERENCES)]
    centres = part[torch.randint(len(part), (1,), generator=dice)]
    apart = ((part - centres) ** 2).sum(1)
    for _ in range(min(_CLUSTERS, len(part) // 4) - 1):
        chosen = part[torch.multinomial(apart.clamp_min(1e-12), 1, generator=dice)]
        centres = torch.cat([centres, chosen])
        apart = torch.minimum(apart, ((part - chosen) ** 2).sum(1))
    for _ in range(_TURNS):
        owner = torch.cdist(part, centres).argmin(1)
        counts = torch.bincount(owner, minlength=len(centres))[:, None]
        sums = torch.zeros_like(centres).index_add_(0, owner, part)
        centres = torch.where(counts > 0, sums / counts.clamp_min(1), centres)
    owner = torch.cat([torch.cdist(block, centres).argmin(1) for block in torch.split(points, _BLOCK)])
    lived = torch.unique(owner)
    return centres[lived], np.asarray(torch.searchsorted(lived, owner).numpy())
