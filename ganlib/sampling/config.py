"""The knobs of sampling."""

from dataclasses import dataclass

from ganlib.knobs import Natural, Positive


@dataclass(frozen=True)
class SampleConfig:
    """Section `sample` of `params.yaml`: how many pictures from which seed, and the shape of grid and strip."""

    number: Positive = 1500
    seed: Natural = 0
    rows: Positive = 8
    columns: Positive = 8
    strips: Positive = 4
    steps: Positive = 9
