"""A discriminator that knows its pictures by heart, and teaches the generator no more than those."""

from ganlib.metrics.diagnosis.base import Evidence, Finding
from ganlib.metrics.diagnosis.thresholds import OVERFIT, OVERFIT_ERRORS


def check(run: Evidence) -> Finding | None:
    """The share r of the way from train pictures' scores to generated ones' that held-out pictures lie at, over the late looks.

    r = (E D(train) - E D(heldout)) / (E D(train) - E D(generated)) (Karras et al. 2020, section 3.1, with all three of the same
    moment and without augmentation): 0 where D does not know its pictures, 1 where new ones are as good as generated.
    """
    train, heldout, generated = (run.late(f"score_{kind}") for kind in ("train", "heldout", "generated"))
    way = (train - generated).sum()
    if not len(train) or way <= 0:
        return None
    share, error = (train - heldout).sum() / way, run.late("score_error").sum() / way
    if share < OVERFIT or share < OVERFIT_ERRORS * error:
        return None
    return Finding(
        "discriminator-overfit",
        f"The discriminator overfits: pictures that it never saw lie {share:.0%} of the way from those that it knows to "
        "generated ones in its scores.",
        f"{_remedy(run)} or collect more pictures.",
        {"share": share, "error": error},
    )


def _remedy(run: Evidence) -> str:
    if not run.game:
        return "Lower train.method.network.width, raise train.method.real_noise,"
    return (
        "Let it see no picture twice alike (train.method.augment.kinds: [colour, translation, cutout]; train.flip: true where "
        "pictures may be mirrored), raise train.method.penalties.r1,"
    )
