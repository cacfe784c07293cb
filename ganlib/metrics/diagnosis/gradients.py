"""Gradients that explode, or vanish: against those of the first step, which was taken before any had moved a weight."""

import numpy as np

from ganlib.metrics.diagnosis.base import Evidence, Finding, Series
from ganlib.metrics.diagnosis.thresholds import EXPLODED, UNLIKE, VANISHED

_SIDES = {"gradient_d": "discriminator", "gradient_g": "generator", "gradient": "network"}


def exploding(run: Evidence) -> Finding | None:
    """Whether one has been larger than the first by a factor that no learning makes."""
    growth = {name: float(values.max() / values[0]) for name in _SIDES if len(values := _positive(run, name))}
    name = max(growth, key=lambda key: growth[key], default="")
    if not growth or growth[name] < EXPLODED:
        return None
    rates = "train.method.lr_generator and train.method.lr_discriminator" if run.game else "train.method.lr"
    return Finding(
        "exploding-gradients",
        f"Gradients exploded: that of the {_SIDES[name]} has been {growth[name]:.2g} times what it was at the first step.",
        f"Lower {rates} tenfold" + (", and raise train.method.penalties.r1." if run.game else "."),
        {"growth": growth[name]},
    )


def vanishing(run: Evidence) -> Finding | None:
    """Whether the generator's has been next to nothing of late, while it has not learned to draw: not for want of mistakes."""
    values = _positive(run, "gradient_g")
    if not len(values) or not run.covered <= UNLIKE:
        return None
    left = float(np.median(values[3 * len(values) // 4 :]) / values[0])
    if left > VANISHED:
        return None
    return Finding(
        "vanishing-gradients",
        f"The generator's gradient has vanished: it is {left:.2g} times what it was at the first step, and what is drawn is "
        "still unlike real pictures.",
        "Set train.method.objective to nonsaturating, whose gradient does not vanish where the discriminator is sure; lower "
        "train.method.lr_discriminator; raise train.method.penalties.r1.",
        {"left": left},
    )


def _positive(run: Evidence, name: str) -> Series:
    values = run.logged(name)
    return values if len(values) and values[0] > 0 else values[:0]
