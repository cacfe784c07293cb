"""Whether more of the same would help."""

import numpy as np

from ganlib.metrics.diagnosis.base import Evidence, Finding
from ganlib.metrics.diagnosis.thresholds import LOOKS

_DISTANCES = {"quick_fd": "features", "coarse_fd": "coarse pixels"}


def check(run: Evidence) -> Finding | None:
    """Whether a distance got better over the last third of the looks by more than both its ends' errors."""
    gains = {name: _gain(run, name) for name in _DISTANCES if len(run.seen(name)) > LOOKS}
    if not gains:
        return None
    better = [name for name, (gain, error) in gains.items() if gain > error]
    evidence = {f"{name}_gain": gain for name, (gain, _) in gains.items()}
    if better:
        views = " and ".join(_DISTANCES[name] for name in better)
        return Finding(
            "still-improving",
            f"It was still getting better in the last third of the run (by the distance of {views}).",
            "Raise train.kimg: more of the same helps.",
            evidence,
            harmful=False,
        )
    return Finding(
        "finished",
        "It stopped getting better in the last third of the run.",
        "More of the same would not help: raise train.method.network.width, or collect more pictures.",
        evidence,
        harmful=False,
    )


def _gain(run: Evidence, name: str) -> tuple[float, float]:
    """By how much the last third of the looks is better than the third before, on average, as a share, and its standard error."""
    values, errors = run.seen(name), run.seen(f"{name}_error")
    third = len(values) // 3
    before, after = values[-2 * third : -third].mean(), values[-third:].mean()
    error = np.hypot(errors[-2 * third : -third].mean(), errors[-third:].mean())
    return float((before - after) / before), float(error / before)
