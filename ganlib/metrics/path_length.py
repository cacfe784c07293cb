"""How far pictures move when their code moves a little: short paths are smooth walks from one picture to another."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ganlib.metrics.extractors.base import Extractor
from ganlib.metrics.features import extract
from ganlib.metrics.measure import Measurement


@dataclass(frozen=True)
class Walks:
    """Where walks from one code to another are, and where they are after a small `step`, a part of the whole way.

    here, there: pictures as levels 0 to 255 that were never rounded, float32 [N, H, W, C].
    """

    here: NDArray[np.float32]
    there: NDArray[np.float32]
    step: float


def path_length(walks: Walks, extractor: Extractor) -> Measurement:
    """The perceptual path length in Z (Karras et al. 2019, equation 2) of N >= 2 walks, by any extractor.

    The mean of ‖f(G(z(t))) - f(G(z(t + step)))‖² / step², where z runs along a great circle between two codes and t is uniform.
    Karras et al. measure by LPIPS; here it is the squared distance of the features, so that only path lengths of one extractor
    compare. Nothing is rounded on the way, or small steps would vanish. The error is that of a mean.
    """
    exact = replace(extractor, rounds=False)
    before, after = (extract(pictures, exact, "walked") for pictures in (walks.here, walks.there))
    lengths = ((before.astype(np.float64) - after) ** 2).sum(axis=1) / walks.step**2
    return Measurement("path_length", float(lengths.mean()), float(lengths.std(ddof=1) / len(lengths) ** 0.5), n=len(lengths))
