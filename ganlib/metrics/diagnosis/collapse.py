"""Mode collapse: whatever the code, nearly the same picture; or values of a label that are not drawn at all."""

from ganlib.metrics.diagnosis.base import Evidence, Finding
from ganlib.metrics.diagnosis.thresholds import LIKE, RISE, VARIETY
from ganlib.metrics.votes import Value


def collapse(run: Evidence) -> Finding | None:
    """Whether what is drawn varies much less than real pictures do, and is not on its way up."""
    variety = run.seen("coarse_diversity")
    if not len(variety) or variety[-1] >= VARIETY:
        return None
    before = variety[len(variety) // 2 : -1]
    if len(before) and variety[-1] > RISE * before.mean():
        return None
    return Finding(
        "mode-collapse",
        f"The generator has collapsed: what it draws varies {variety[-1]:.2g} times as much as real pictures do.",
        "Lower train.method.lr_generator and train.method.lr_discriminator, raise train.batch and train.method.penalties.r1; "
        "with the network dcgan leave train.method.network.norm at false, whose discriminator sees a collapse; with began raise "
        "train.method.objective.gamma.",
        {"variety": float(variety[-1]), "covered": run.covered},
    )


def missing(run: Evidence) -> Finding | None:
    """Whether values of a label are drawn too seldom: by a classifier's count if there is one, else by the nearest pictures."""
    names = _counted(run) if run.classes else _voted(run)
    if not names:
        return None
    return Finding(
        "missing-modes",
        f"Some kinds of pictures are not drawn: {', '.join(names)}.",
        "Look whether there are enough of them among the train pictures (artifacts/dataset); raise train.batch, train.kimg and "
        "train.method.network.width.",
        {"missing": float(len(names))},
    )


def _counted(run: Evidence) -> list[str]:
    """By what a classifier takes generated pictures for, and held-out ones; what it hardly sees in these, it cannot tell."""
    real, generated = (sum(int(row[kind]) for row in run.classes) for kind in ("real_taken", "taken"))
    share = generated / real if real else 0.0
    told = [row for row in run.classes if 2 * int(row["real_taken"]) >= int(row["real"])]
    rows = [Value(str(row["class"]), int(row["taken"]), share * int(row["real_taken"])) for row in told]
    return [row.name for row in rows if row.expected > 0 and row.missing]


def _voted(run: Evidence) -> list[str]:
    """Those that were missing at each of the last two looks; nothing where too little is covered for neighbours to tell."""
    if not run.covered >= LIKE or len(run.looks) < 2:
        return []
    before, last = ([name for name in str(look.get("values_missing", "")).split(", ") if name] for look in run.looks[-2:])
    return [name for name in last if name in before]
