"""Whether rounded features will do: what rounding changes in the distances must be less than half of their errors.

To a distance rounded features look like pictures with a little noise. How much that comes to depends on the network and on the
pictures, so it is measured each time: for some pictures of each kind features are computed both ways. Of the kernel distance that
is the change itself, but for chance. A Fréchet distance of so few is greater, and grows more with noise, than that of all: of
1,280 features some three times as much. So it is the stricter of the two, and refuses what might have done. Half of an error does
not decide a comparison, so that scores of rounded and of exact features may be compared, and do not say which they are.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from ganlib.metrics.extractors.base import Extractor
from ganlib.metrics.extrapolation import extrapolate
from ganlib.metrics.features import Pictures, extract
from ganlib.metrics.kernel import kernel_distance
from ganlib.metrics.measure import Measurement
from ganlib.metrics.moments import Features

#: Pictures of each kind whose features are computed both ways.
SAMPLE = 128


def will_do(features: Mapping[str, Features], pictures: Mapping[str, Pictures], exact: Extractor) -> bool:
    """Whether features of `generated` and `reference` pictures do that what is `rounded` of the extractor found.

    Both the Fréchet and the kernel distance must change by less than half a standard error; a line says by how much they do.
    """
    kinds = ("generated", "reference")
    rows = {kind: np.linspace(0, len(pictures[kind]) - 1, min(SAMPLE, len(pictures[kind]))).astype(int) for kind in kinds}
    rounded = [features[kind][rows[kind]] for kind in kinds]
    whole = [extract(pictures[kind][rows[kind]], exact, f"{kind}, exact,") for kind in kinds]
    found = zip(_distances(*rounded), _distances(*whole), _distances(*(features[kind] for kind in kinds)), strict=True)
    changes = [(of_all.name, ours.value - theirs.value, of_all.error) for ours, theirs, of_all in found]
    enough = all(abs(change) < error / 2 for _, change, error in changes)
    words = ", ".join(f"{name} by {change:+.3g} (standard error {error:.3g})" for name, change, error in changes)
    print(
        f"evaluate.backend: rounding changes {words}, on {len(whole[0])} pictures of each kind; "
        + ("it is kept." if enough else "that is too much: features are computed in float32.")
    )
    return enough


def _distances(generated: Features, reference: Features) -> Iterable[Measurement]:
    return extrapolate(generated, reference).measurements()[0], kernel_distance(generated, reference)
