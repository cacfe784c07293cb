"""What a metric answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """name: the metric's own, without the extractor's ("fd"). error: one standard error, in the unit of the value."""

    name: str
    value: float
    error: float
