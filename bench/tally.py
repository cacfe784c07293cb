"""What was found of what was planted, in numbers, beside what is asked for."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from bench.defects import DEFECTS
from bench.judged import Judged

#: The share of the planted that is to be found, by kind or by defect; what has none is only reported.
AT_LEAST = {
    **dict.fromkeys(("unreadable", "format", "exact", "near"), 0.99),
    **dict.fromkeys(("blurred", "noisy", "stranger", "foreign-cluster"), 0.95),
}
AT_MOST = 0.005  # of the innocent are set aside
TIMES = 3.0  # as many pictures per core-second as cleanvision, with checks that it has, too
RATE = 200.0  # pictures per core-second, with all checks
DEFECT, INNOCENT, SPEED, WHOLE = "found", "innocent", "speed", "speed of all"
#: Checks that cleanvision has not.
OURS_ALONE = (
    *("text-page", "noisy", "pale", "negative", "not-upright", "off-topic", "one-hue", "colour-cast", "exchanged-channels"),
    *("odd-layout", "grey-copy", "label-suspect"),
)


@dataclass(frozen=True)
class Row:
    """One number of one set.

    about: "found", files that were dealt with as is right, of `of` with a `defect`; "innocent", pictures that were set aside, of
    `of` innocent ones; "speed", pictures per core-second, of `of`, with those checks that cleanvision has, too; "speed of all",
    with all checks. theirs: None where cleanvision was not asked. bound: the least share, the greatest share, how many times
    theirs, or the least number, if it is bound to anything. reason: that of most of ours.
    """

    set: str
    about: str
    of: int
    ours: float
    theirs: float | None
    bound: float | None
    kind: str = ""
    defect: str = ""
    reason: str = ""

    @property
    def holds(self) -> bool:
        if self.about == SPEED:
            return self.bound is None or self.theirs is None or self.ours >= self.bound * self.theirs
        if self.about == WHOLE:
            return self.bound is None or self.ours >= self.bound
        if self.about == INNOCENT:
            return self.bound is None or self.ours <= self.bound * self.of
        return self.bound is None or self.ours >= self.bound * self.of


def tally(
    name: str,
    truth: pd.DataFrame,
    ours: Judged,
    theirs: Judged | None,
    unasked: Collection[str] = (),
    alike: Judged | None = None,
) -> list[Row]:
    """All rows of the set `name`: the defects in the order of `DEFECTS`, the innocent, the speed.

    theirs: None where cleanvision is not installed. unasked: the defects that it was not shown. alike: ours without what
    cleanvision has no checks for.
    """
    mine, peers = rightly(truth, ours), set[str]() if theirs is None else rightly(truth, theirs)
    rows = []
    for code in (code for code in DEFECTS if (truth["defect"] == code).any()):
        planted, kind = set(truth.loc[truth["defect"] == code, "name"]), DEFECTS[code].kind
        found = None if theirs is None or code in unasked else len(planted & peers)
        bound = AT_LEAST.get(code, AT_LEAST.get(kind))
        row = Row(name, DEFECT, len(planted), len(planted & mine), found, bound, kind, code, _reason(planted, ours))
        rows.append(row)
    innocent = int((truth["defect"] == "").sum())
    alarms = None if theirs is None else len(wrongly(truth, theirs))
    rows.append(
        Row(name, INNOCENT, innocent, len(wrongly(truth, ours)), alarms, AT_MOST, reason=_reason(wrongly(truth, ours), ours))
    )
    if alike is not None:
        rows.append(Row(name, SPEED, len(alike.seen), alike.rate, None if theirs is None else theirs.rate, TIMES))
    rows.append(Row(name, WHOLE, len(ours.seen), ours.rate, None, RATE))
    return rows


def rightly(truth: pd.DataFrame, judged: Judged) -> set[str]:
    """The names of planted files that were dealt with as is right.

    Of a copy and its original, one is set aside for the other, or both for a third. A good picture in an odd form is kept. Junk
    is not listed, or set aside as all others are.
    """
    groups = judged.groups()

    def right(name: str, kind: str, twin: str) -> bool:
        if kind in ("exact", "near", "toned"):
            return name in groups and groups[name] == groups.get(twin)
        if kind == "format":
            return name in judged.seen and not judged.aside(name)
        return judged.aside(name) or (kind == "junk" and name not in judged.seen)

    planted = truth[truth["defect"] != ""]
    return {
        name
        for name, kind, twin in zip(planted["name"], planted["kind"], planted["twin_of"], strict=True)
        if right(name, kind, twin)
    }


def wrongly(truth: pd.DataFrame, judged: Judged) -> set[str]:
    """The names of innocent files that were set aside; that a copy stays in the place of its original is right."""
    copies = set(zip(truth["twin_of"], truth["name"], strict=True))
    innocent = truth.loc[truth["defect"] == "", "name"]
    return {
        name for name in innocent if name in judged.faults or (name in judged.twins and (name, judged.twins[name]) not in copies)
    }


def _reason(names: Collection[str], judged: Judged) -> str:
    """Why most of these were set aside."""
    reasons = Counter(judged.faults.get(name, "duplicate") for name in sorted(names) if judged.aside(name))
    return max(reasons, key=lambda reason: reasons[reason], default="")
