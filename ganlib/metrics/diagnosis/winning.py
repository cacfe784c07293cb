"""A game that one side has won: nothing is learned from an opponent who is always right, or never."""

from ganlib.metrics.diagnosis.base import Evidence, Finding
from ganlib.metrics.diagnosis.thresholds import ALWAYS, TOSS, UNLIKE


def check(run: Evidence) -> Finding | None:
    """Whether held-out pictures always score above generated ones, or not even mostly, while these are still unlike them."""
    told = run.late("told_apart")
    if not run.game or not len(told) or not run.covered <= UNLIKE:
        return None
    evidence = {"told_apart": float(told.mean()), "covered": run.covered}
    if told.min() >= ALWAYS:
        return Finding(
            "discriminator-winning",
            f"The discriminator has won: it tells real from generated pictures in {told.mean():.1%} of the cases, and what "
            "is drawn is still unlike them.",
            "Lower train.method.lr_discriminator or raise train.method.lr_generator, so that they keep step; raise "
            "train.method.penalties.r1.",
            evidence,
        )
    if told.max() <= TOSS:
        return Finding(
            "generator-winning",
            f"The generator has won too soon: the discriminator prefers real pictures in {told.mean():.1%} of the cases, and "
            "what is drawn is still unlike them.",
            "Raise train.method.lr_discriminator or lower train.method.lr_generator; lower train.method.penalties.r1.",
            evidence,
        )
    return None
