"""Pictures that are the wrong way round."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganlib.pictures.candidates import Candidates, Finding

if TYPE_CHECKING:
    from torch import Tensor

_SHOWN = 6


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
    rows = candidates.at[places]
    # Bars tell high pictures from wide ones, and no mistake turns them or makes negatives of them.
    known = candidates.shelf["middle"].mapped[rows] if candidates.padded else candidates.shelf["descriptor"].mapped[rows, 0]
    points = torch.from_numpy(known).double()
    found = single(lambda: contrary(points, ways))
    for one in found[: sum(one.aside for one in found) + _SHOWN]:
        yield Finding(int(places[one.place]), one.nearer, one.threshold, aside=one.aside)
