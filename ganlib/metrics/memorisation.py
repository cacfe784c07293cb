"""Whether a generator draws its training pictures again, judged by how near held-out pictures come to them."""

from dataclasses import dataclass
from math import exp, hypot, lgamma

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ganlib.metrics.features import Pictures
from ganlib.metrics.measure import Measurement, share
from ganlib.metrics.parallel import parallel

#: The side of what is compared, in means over squares; the neighbours that say what is usual; how many of the nearest are told.
SIDE, AROUND, TOLD = 16, 50, 3
#: Nearer than this part of what the nearest held-out ones keep: a copy. The quantile says which those are.
NEARER, QUANTILE = 0.6, 0.01
#: Held-out pictures nearer than this part of what a tenth of them keep have twins in training. They do not say what is near: a
#: few of them would hide a generator that does nothing but copy.
TWINS, TENTH = 0.5, 0.1
#: Fewer training pictures than this say nothing of what is near.
FEWEST = 20
BLOCK = 256

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Nearness:
    """For each of [N] points its nearest training pictures.

    ratios: [N], the distance to the nearest one as a share of the median of those to the 50 around. nearest: [N, 3], their rows,
    the nearest first.
    """

    ratios: NDArray[np.float64]
    nearest: NDArray[np.int64]


@dataclass(frozen=True)
class Memorisation:
    """of: the generated pictures' nearness. yardstick: the held-out ones'. threshold: the ratio up to which it is a copy."""

    of: Nearness
    yardstick: Nearness
    threshold: float

    @property
    def copies(self) -> NDArray[np.int64]:
        """The rows of the generated pictures that are copies, the nearest first."""
        order = np.argsort(self.of.ratios, kind="stable")
        return order[self.of.ratios[order] <= self.threshold]

    def measurement(self) -> Measurement:
        """The share of copies beyond that of the held-out pictures, and the p-value of Fisher's exact test, one-sided.

        The value can fall below zero by chance. Its error is that of two shares of independent samples; it takes the threshold
        as given, as the test does.
        """
        found, held = len(self.copies), int((self.yardstick.ratios <= self.threshold).sum())
        ours, theirs = share("", found, len(self.of.ratios)), share("", held, len(self.yardstick.ratios))
        p = fisher(found, len(self.of.ratios), held, len(self.yardstick.ratios))
        return Measurement("copied", ours.value - theirs.value, hypot(ours.error, theirs.error), p)


def memorisation(
    generated: Pictures, heldout: Pictures, train: Pictures, generated_rows: Rows | None = None, heldout_rows: Rows | None = None
) -> Memorisation:
    """Compare how near generated and held-out pictures come to those that were learned from; all uint8
    [N, H, W, C], of training ones 20 at least.

    Distance is the difference of the squares that differ most: copies differ a little everywhere, other pictures much somewhere
    (other eyes are enough). Features of a network are no help here, a grain that nobody sees moves them further than other eyes.
    Near is relative to what is usual around, so that a generator is not accused of drawing in a crowded place. A copy is nearer
    by far than all but 1 % of the held-out pictures are that have no twins in training. generated_rows, heldout_rows: where each
    is itself a row of `train` (-1: nowhere), that one does not count.
    """
    learnt = looks(train)
    of = nearness(looks(generated), learnt, generated_rows)
    yardstick = nearness(looks(heldout), learnt, heldout_rows)
    return Memorisation(of, yardstick, _threshold(yardstick.ratios))


def _threshold(heldout: NDArray[np.float64]) -> float:
    without_twins = heldout[heldout >= TWINS * np.quantile(heldout, TENTH)]
    return NEARER * float(np.quantile(without_twins, QUANTILE))


def looks(pictures: Pictures) -> Tensor:
    """Means over 16 × 16 squares (fewer where there are fewer pixels), float32 [N, C, 16, 16]."""
    side = min(SIDE, *pictures.shape[1:3])
    blocks = [pictures[start : start + 1024] for start in range(0, len(pictures), 1024)]
    parts = parallel(lambda block: _pooled(block, side), blocks)
    return torch.cat(list(parts))


def nearness(points: Tensor, train: Tensor, own: Rows | None = None) -> Nearness:
    """How near looks [N, C, S, S] are to those of `train`, mirrored or not; `own`: its row in there, which does not count."""
    found = [_nearness(way, train.flatten(1), own) for way in (points.flatten(1), points.flip(3).flatten(1))]
    ratios, nearest = (torch.stack([one[part] for one in found]) for part in (0, 1))
    better = ratios.argmin(dim=0)
    rows = torch.arange(len(points))
    return Nearness(ratios[better, rows].double().numpy(), nearest[better, rows].numpy())


def _nearness(points: Tensor, train: Tensor, own: Rows | None) -> tuple[Tensor, Tensor]:
    squares = (train * train).sum(dim=1)
    places = torch.full((len(points),), -1) if own is None else torch.from_numpy(own)
    count = min(AROUND, len(train) - int(own is not None))

    def near(part: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        rows, selves = part
        plain = squares - 2 * rows @ train.T
        there = selves >= 0
        plain[torch.arange(len(rows))[there], selves[there]] = torch.inf
        around = plain.topk(count, largest=False).indices
        worst = (train[around] - rows[:, None]).abs().amax(dim=2)
        usual, order = worst.median(dim=1).values, worst.sort(dim=1, stable=True)
        ratios = (order.values[:, 0] / usual).where(usual > 0, 0.0)
        return ratios, around.gather(1, order.indices[:, :TOLD])

    parts = list(parallel(near, zip(torch.split(points, BLOCK), torch.split(places, BLOCK), strict=True)))
    return torch.cat([ratios for ratios, _ in parts]), torch.cat([nearest for _, nearest in parts])


def _pooled(pictures: Pictures, side: int) -> Tensor:
    return functional.adaptive_avg_pool2d(torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float(), side)


def fisher(hits: int, number: int, others: int, size: int) -> float:
    """The chance that of `hits` + `others` hits at least `hits` fall on the first `number` of `number` + `size` (Fisher 1935)."""
    all_hits, everything = hits + others, number + size
    whole = _log_choose(everything, all_hits)
    most = min(all_hits, number)
    terms = (_log_choose(number, k) + _log_choose(size, all_hits - k) for k in range(hits, most + 1) if all_hits - k <= size)
    return min(1.0, sum(exp(term - whole) for term in terms))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
