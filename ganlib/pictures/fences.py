"""Tukey's fences: how far a value may be from the middle half of all and be no outlier (Exploratory Data Analysis, 1977)."""

import numpy as np
from numpy.typing import NDArray

FEWEST = 40  # values below which no fence is drawn: quartiles of so few say little


def upper(values: NDArray[np.float64], width: float) -> float:
    """`width` interquartile ranges above the third quartile; infinity where there are too few values."""
    if len(values) < FEWEST:
        return np.inf
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high + width * (high - low))


def lower(values: NDArray[np.float64], width: float) -> float:
    """`width` interquartile ranges below the first quartile; minus infinity where there are too few values."""
    return -upper(-values, width)
