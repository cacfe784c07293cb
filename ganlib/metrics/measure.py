"""What a metric answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """name: the metric's own, without the extractor's ("fd"). error: one standard error, in the unit of the value.

    p: the chance to see as much where there is nothing, for metrics that are tests, too. n: of how many it was made, where that
    is not the number of pictures.
    """

    name: str
    value: float
    error: float
    p: float | None = None
    n: int | None = None


def share(name: str, hits: int, number: int, p: float | None = None) -> Measurement:
    """`hits` of `number` as a share, with the error of one of independent samples (Wilson 1927), which stays above zero."""
    value = hits / number
    return Measurement(name, value, (value * (1 - value) / number + 1 / (4 * number**2)) ** 0.5 / (1 + 1 / number), p, number)
