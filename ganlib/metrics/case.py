"""What is measured, with all that a metric may ask of it, and the metrics; a new one is a file, and a line here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from ganlib.metrics.classes import Judged, class_scores
from ganlib.metrics.diversity import diversity
from ganlib.metrics.extrapolation import Extrapolation, extrapolate
from ganlib.metrics.features import Pictures
from ganlib.metrics.kernel import kernel_distance
from ganlib.metrics.measure import Measurement
from ganlib.metrics.memorisation import FEWEST as FEWEST_LEARNT
from ganlib.metrics.memorisation import Memorisation, Rows, memorisation
from ganlib.metrics.moments import Features
from ganlib.metrics.neighbours import neighbour_scores


@dataclass(frozen=True)
class Case:
    """Features [N, D] of the pictures in question and of real ones, and what else is known.

    fake, real: as many of each. suspects: pictures that may be copies of the training pictures `train` (None: not known), and
    `yardstick`: real ones that are none; suspects_rows, yardstick_rows: where these are themselves rows of `train`.
    judged: their classes. walked: the path length of what drew them.
    """

    fake: Features
    real: Features
    neighbours: int
    seed: int
    suspects: Pictures | None = None
    yardstick: Pictures | None = None
    train: Pictures | None = None
    suspects_rows: Rows | None = None
    yardstick_rows: Rows | None = None
    judged: Judged | None = None
    walked: Measurement | None = None

    @cached_property
    def curve(self) -> Extrapolation:
        """The Fréchet distance against the number of pictures."""
        return extrapolate(self.fake, self.real, self.seed)

    @cached_property
    def copies(self) -> Memorisation | None:
        """How near the suspects come to training pictures; None where these are not known, or too few."""
        if self.train is None or self.suspects is None or self.yardstick is None or len(self.train) < FEWEST_LEARNT:
            return None
        return memorisation(self.suspects, self.yardstick, self.train, self.suspects_rows, self.yardstick_rows)


def _distances(case: Case) -> Iterable[Measurement]:
    return case.curve.measurements()


def _kernel(case: Case) -> Iterable[Measurement]:
    return [kernel_distance(case.fake, case.real)]


def _neighbours(case: Case) -> Iterable[Measurement]:
    return neighbour_scores(case.fake, case.real, case.neighbours)


def _diversity(case: Case) -> Iterable[Measurement]:
    return [diversity(case.fake, case.real)]


def _copied(case: Case) -> Iterable[Measurement]:
    return [case.copies.measurement()] if case.copies else []


def _classes(case: Case) -> Iterable[Measurement]:
    return class_scores(case.judged) if case.judged else []


def _walked(case: Case) -> Iterable[Measurement]:
    return [case.walked] if case.walked else []


#: In the order in which scores are shown; the first is the one by which models are compared. None, where it does not apply.
METRICS: tuple[Callable[[Case], Iterable[Measurement]], ...] = (
    _distances,
    _kernel,
    _neighbours,
    _diversity,
    _copied,
    _classes,
    _walked,
)
