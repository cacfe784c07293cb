"""A run that goes round in circles: better, worse, better, by far more than chance."""

import numpy as np

from ganlib.metrics.diagnosis.base import Evidence, Finding
from ganlib.metrics.diagnosis.thresholds import SWING, SWING_ERRORS, TURNS


def check(run: Evidence) -> Finding | None:
    """Whether the distance to real pictures turned, again and again over the late looks, with large swings on either side."""
    distances, errors = run.late("coarse_fd"), run.late("coarse_fd_error")
    if len(distances) < 4:
        return None
    swings = np.diff(distances)
    least = np.maximum(SWING_ERRORS * errors[1:], SWING * np.minimum(distances[1:], distances[:-1]))
    large = np.abs(swings) > least
    turned = (swings[1:] * swings[:-1] < 0) & large[1:] & large[:-1]
    if turned.mean() < TURNS:
        return None
    size = float(np.median(np.abs(swings) / distances[:-1]))
    return Finding(
        "oscillation",
        f"The run goes round in circles: from look to look the distance to real pictures moves by {size:.0%}, and turns.",
        "Set train.method.beta1 to 0, raise train.method.penalties.r1 and train.method.ema_kimg, give train.decay a share of the "
        "run, lower train.method.lr_generator and train.method.lr_discriminator.",
        {"turns": float(turned.mean()), "swing": size},
    )
