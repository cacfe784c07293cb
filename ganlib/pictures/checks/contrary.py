"""Pictures that are the wrong way round."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.decode import Pixels
from ganlib.pictures.shelf import Rows
from ganlib.pictures.views import without_bars

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

_SHOWN, _BATCH = 6, 64


def not_upright(candidates: Candidates) -> Iterator[Finding]:
    """upside down or turned, where the others are upright"""
    from ganlib.pictures.duplicates.tangent import turns

    yield from _contrary(candidates, turns().double())


def negative(candidates: Candidates) -> Iterator[Finding]:
    """a negative: dark where the others are light, and light where they are dark"""
    import torch

    from ganlib.pictures.duplicates.tangent import DIMENSIONS

    yield from _contrary(candidates, -torch.eye(DIMENSIONS, dtype=torch.float64)[None])


def _contrary(candidates: Candidates, ways: "Tensor") -> Iterator[Finding]:
    import torch

    from ganlib.metrics.parallel import single
    from ganlib.pictures.contrary import FEWEST, contrary

    places = candidates.kept_by_lot()
    if len(places) < FEWEST:
        return
    points = torch.from_numpy(_points(candidates, places)).double()
    found = single(lambda: contrary(points, ways))
    for one in found[: sum(one.aside for one in found) + _SHOWN]:
        yield Finding(int(places[one.place]), one.nearer, one.threshold, aside=one.aside)


def _points(candidates: Candidates, places: Rows) -> "NDArray[np.float32]":
    """Of each view its point, [N, D]; where bars make it square, that of the square in its middle: bars tell high pictures from
    wide ones, and no mistake turns them or makes negatives of them."""
    points = np.array(candidates.shelf["descriptor"].mapped[candidates.at[places], 0])
    sides = np.sort([candidates.facts[side][places] for side in ("width", "height")], axis=0)
    barred = np.flatnonzero(sides[0] < sides[1]) if candidates.padded else np.zeros(0, np.int64)
    blocks = [barred[start : start + _BATCH] for start in range(0, len(barred), _BATCH)]
    shares = sides[0] / sides[1]
    views = ((candidates.view(places[block]), shares[block]) for block in blocks)
    for block, found in zip(blocks, candidates.crew.map(_described, views), strict=True):
        points[block] = found
    return points


def _described(barred: tuple[Pixels, "NDArray[np.float64]"]) -> "NDArray[np.float32]":
    from ganlib.pictures.crew import padded
    from ganlib.pictures.duplicates.tangent import describe

    views = np.stack([without_bars(view, share) for view, share in zip(*barred, strict=True)])
    return np.asarray(describe(padded(views, _BATCH))[: len(views), 0].numpy())
