"""The knobs of evaluation."""

from dataclasses import dataclass

from ganlib.knobs import Natural, Positive


@dataclass(frozen=True)
class EvaluateConfig:
    """Section `evaluate` of `params.yaml`.

    extractor: `lite0` (packaged) or `inception` (needs `weights`, the official file; only then is the score called FID).
    """

    extractor: str = "lite0"
    weights: str | None = None
    size: Positive = 64
    neighbours: Positive = 5
    seed: Natural = 0
