"""Nearest neighbours by tangent distance (Simard et al. 1993), which shifts and crops hardly change.

A view becomes a descriptor x: its smooth, reduced levels without their mean and of length 1, so that brightness and contrast do
not count. Around it lies the plane of what small shifts and enlargements make of it, spanned by three tangents T. The distance of
y from x is that of y from this plane: |y - x|² less what the plane explains of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganlib.pictures.duplicates.smooth import maps, offsets, slopes, smooth

_SIGMA, _DIMENSIONS, _BLOCK = 1.0, 96, 512  # pixels of maps at half the resolution


@dataclass(frozen=True)
class Descriptors:
    """points: float32 [N, D]. tangents: [N, 3, D], orthonormal where a view is not flat."""

    points: Tensor
    tangents: Tensor

    def __getitem__(self, rows: slice) -> "Descriptors":
        return Descriptors(self.points[rows], self.tangents[rows])

    def to(self, points: Tensor) -> Tensor:
        """Squared distance of each tangent plane from the point at the same place: [N]."""
        apart = points - self.points
        explained = (self.tangents @ apart[:, :, None]).squeeze(2)
        return ((apart**2).sum(1) - (explained**2).sum(1)).clamp_min(0)


class Projection:
    """The directions in which the descriptors of a set differ most: their principal components."""

    def __init__(self, views: NDArray[np.uint8]) -> None:
        """Learn them from views uint8 [N, H, W, 3]; some thousands will do."""
        points = torch.cat([_whole(views[start : start + _BLOCK])[0] for start in range(0, len(views), _BLOCK)])
        _, vectors = torch.linalg.eigh((points - points.mean(0)).T.double() @ (points - points.mean(0)).double())
        self._basis = vectors[:, -_DIMENSIONS:].float().contiguous()

    def describe(self, views: NDArray[np.uint8]) -> Descriptors:
        """The descriptors of views uint8 [N, H, W, 3]."""
        points, tangents = _whole(views)
        frames, _ = torch.linalg.qr((tangents @ self._basis).transpose(1, 2))
        return Descriptors(points @ self._basis, frames.transpose(1, 2).contiguous())


def joined(parts: Sequence[Descriptors]) -> Descriptors:
    """All of them, one after the other."""
    return Descriptors(torch.cat([part.points for part in parts]), torch.cat([part.tangents for part in parts]))


def _whole(views: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """Points [N, 768] and tangents [N, 3, 768] (of 64-pixel views), before any projection."""
    levels = smooth(avg_pool2d(maps(views), 2), _SIGMA)
    along_x, along_y = slopes(levels)
    side = offsets(levels.shape[-1])
    moves = [along_x, along_y, along_x * side + along_y * side[:, None]]
    points = avg_pool2d(levels, 2).flatten(1)
    points = points - points.mean(1, keepdim=True)
    lengths = points.norm(dim=1, keepdim=True).clamp_min(1e-6)
    points = points / lengths
    tangents = torch.stack([avg_pool2d(move, 2).flatten(1) / lengths for move in moves], dim=1)
    tangents = tangents - tangents.mean(2, keepdim=True)
    return points, tangents - points[:, None] * (tangents @ points[:, :, None])


def nearest(queries: Descriptors, known: Descriptors, count: int, radius: float, own: Tensor) -> tuple[Tensor, Tensor]:
    """Pairs of a query and one of its `count` nearest of `known` within `radius`: places, int64 [P] each.

    own: int64 [Q], the place in `known` of each query's own picture, which is no neighbour. Exact: all are compared with all.
    """
    apart = squared_distances(queries, known.points)
    apart[torch.arange(len(own)), own] = torch.inf
    closest = apart.topk(min(count, apart.shape[1]), largest=False)
    query, rank = torch.nonzero(closest.values <= radius**2, as_tuple=True)
    return query, closest.indices[query, rank]


def squared_distances(queries: Descriptors, points: Tensor) -> Tensor:
    """Of every query's tangent plane from every point: [Q, N]."""
    own = (queries.points**2).sum(1, keepdim=True)
    apart = torch.addmm(own + (points**2).sum(1), queries.points, points.T, alpha=-2)
    for tangent in queries.tangents.unbind(1):
        explained = torch.addmm(-(tangent * queries.points).sum(1, keepdim=True), tangent, points.T)
        apart.addcmul_(explained, explained, value=-1)
    return apart.clamp_min_(0)
