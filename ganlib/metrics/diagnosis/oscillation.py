"""A run that goes round in circles: what has been won is lost again, more than once."""

from ganlib.metrics.diagnosis.base import Evidence, Finding, Series
from ganlib.metrics.diagnosis.thresholds import LOST, RELAPSE_ERRORS, RELAPSES


def check(run: Evidence) -> Finding | None:
    """Whether the distance to real pictures has become a multiple of the best one so far, and better again, several times."""
    distances, errors = run.seen("coarse_fd"), run.seen("coarse_fd_error")
    count = relapses(distances, errors)
    if count < RELAPSES:
        return None
    return Finding(
        "oscillation",
        f"The run goes round in circles: {count} times what was drawn became {LOST:g} times as far from real as it had been.",
        "Set train.method.beta1 to 0, raise train.method.penalties.r1 and train.method.ema_kimg, give train.decay a share of the "
        "run, lower train.method.lr_generator and train.method.lr_discriminator.",
        {"relapses": float(count)},
    )


def relapses(distances: Series, errors: Series) -> int:
    """How often a series rises from a low to `LOST` times that low, beyond its errors; in between it must fall by as much."""
    count, rising = 0, False
    turn = distances[0] if len(distances) else 0.0  # the lowest since the last relapse, or the highest since it began
    for distance, error in zip(distances, errors, strict=True):
        turn = max(turn, distance) if rising else min(turn, distance)
        if not rising and distance > LOST * turn and distance - turn > RELAPSE_ERRORS * error:
            count, rising, turn = count + 1, True, distance
        elif rising and distance < turn / LOST:
            rising, turn = False, distance
    return count
