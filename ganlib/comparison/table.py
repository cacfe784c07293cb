"""The table of a comparison: what each method's trials came to, the best method first."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from ganlib.comparison.trial import Trial
from ganlib.errors import AtelierError
from ganlib.metrics.fingerprint import LOWER_IS_BETTER, Fingerprint, Score

#: The scores that are shown beside the distance that decides.
BESIDE = ("precision", "recall", "coverage")


@dataclass(frozen=True)
class Spread:
    """Over a method's trials. deviation: the sample's, None for a single one. best: the lowest distance, the highest share."""

    mean: float
    deviation: float | None
    best: float


@dataclass(frozen=True)
class Row:
    """A method. values: the distance that decides, trial by trial. scores: by name; none where all trials failed.

    seconds, pictures_per_second: means of the trials that did not fail. parameters: as a trial has them. failed: the reason,
    by seed.
    """

    method: str
    values: list[float]
    scores: dict[str, Spread]
    seconds: float | None
    pictures_per_second: float | None
    parameters_generator: int
    parameters: int
    failed: dict[int, str]


@dataclass(frozen=True)
class Table:
    """headline: the name of the distance that decides. rows: by its mean, methods without any at the end. floors: what real
    pictures score in the place of generated ones. fingerprint: how all scores were made; None where every trial failed."""

    headline: str
    kimg: float
    rows: list[Row]
    floors: dict[str, float]
    fingerprint: Fingerprint | None


def tabulate(trials: Sequence[Trial]) -> Table:
    """The table of `trials`, of one budget. Raises `AtelierError` where their scores were not made alike."""
    scored = [trial for trial in trials if trial.scores]
    for trial in scored:
        _check_alike(scored[0], trial)
    some = scored[0].scores if scored else {}
    headline = next(iter(some), "distance")
    methods = dict.fromkeys(trial.method for trial in trials)
    rows = [_row(method, [trial for trial in trials if trial.method == method], headline) for method in methods]
    rows.sort(key=lambda row: row.scores[headline].mean if row.scores else float("inf"))
    floors = {name: floor for name in (headline, *BESIDE) if name in some and (floor := some[name].floor) is not None}
    return Table(headline, trials[0].kimg, rows, floors, some[headline].fingerprint if some else None)


def _row(method: str, trials: Sequence[Trial], headline: str) -> Row:
    good = [trial for trial in trials if trial.scores]
    names = [name for name in (headline, *BESIDE) if good and name in good[0].scores]
    speeds = [trial.pictures_per_second for trial in good if trial.pictures_per_second]
    return Row(
        method,
        [trial.scores[headline].value for trial in good],
        {name: _spread(name, [trial.scores[name].value for trial in good]) for name in names},
        fmean(trial.seconds for trial in good) if good else None,
        fmean(speeds) if speeds else None,
        max(trial.parameters_generator for trial in trials),
        max(trial.parameters for trial in trials),
        {trial.seed: trial.failed for trial in trials if trial.failed},
    )


def _spread(name: str, values: Sequence[float]) -> Spread:
    best = min(values) if name.startswith(LOWER_IS_BETTER) else max(values)
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None, best)


def _check_alike(first: Trial, trial: Trial) -> None:
    """Raise `AtelierError` where `trial` was scored otherwise than `first`."""
    if differing := _differing(*(next(iter(one.scores.values())) for one in (first, trial))):
        raise AtelierError(
            f"{trial.method}, seed {trial.seed}: expected scores made as those of {first.method}, seed {first.seed}, found that "
            f"they differ in {', '.join(differing)}; nothing was compared. Run the trials again."
        )


def _differing(one: Score, other: Score) -> list[str]:
    left, right = vars(one.fingerprint), vars(other.fingerprint)
    return [name for name in left if left[name] != right[name]] + (["name"] if one.name != other.name else [])
