"""How different generated pictures are from each other, as a share of how different real ones are."""

import torch
from torch import Tensor

from ganlib.metrics.distances import squared_distances
from ganlib.metrics.measure import Measurement
from ganlib.metrics.moments import Features, double
from ganlib.metrics.parallel import parallel

BLOCK = 512


def diversity(generated: Features, real: Features) -> Measurement:
    """The mean distance between two of [N, D] features over that between two of [M, D] ones: 1 is as diverse, 0 one picture.

    Noise is diverse, too: it says how much is drawn, not how well. Needs N, M >= 2; where all real pictures are equal it is 0.
    The error is the first-order one of a U-statistic, from the spread of the mean distances of single samples, for both sets,
    carried through the quotient.
    """
    ours, theirs = _mean_distances(double(generated)), _mean_distances(double(real))
    value = float(ours.mean() / theirs.mean()) if theirs.mean() > 0 else 0.0
    relative = sum(float(4 * x.var() / len(x) / x.mean() ** 2) if x.mean() > 0 else 0.0 for x in (ours, theirs))
    return Measurement("diversity", value, value * relative**0.5)


def _mean_distances(x: Tensor) -> Tensor:
    """For each of [N, D] its mean distance to all the others, [N]."""
    x = x - x.mean(dim=0)
    sums = parallel(lambda rows: squared_distances(rows, x).sqrt().sum(dim=1), torch.split(x, BLOCK))
    return torch.cat(list(sums)) / (len(x) - 1)
