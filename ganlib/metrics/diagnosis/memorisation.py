"""Copies of what was learned from, where new pictures were asked for."""

from ganlib.metrics.diagnosis.base import Evidence, Finding
from ganlib.metrics.diagnosis.thresholds import COPIED, COPIED_CHANCE


def check(run: Evidence) -> Finding | None:
    """Whether more of the generated pictures are copies than of the held-out ones, and not by chance."""
    copied = run.score("copied")
    if copied is None or copied["value"] < COPIED or copied.get("p_value", 1.0) > COPIED_CHANCE:
        return None
    return Finding(
        "memorisation",
        f"The generator copies: {copied['value']:.1%} of what it draws are pictures that it was shown, beyond what "
        "held-out pictures are.",
        "Collect more pictures; end sooner (train.kimg, or train.patience_kimg); lower train.method.network.width"
        + ("; augment what the discriminator sees (train.method.augment.kinds)." if run.game else "."),
        {"copied": float(copied["value"]), "p_value": float(copied["p_value"])},
    )
