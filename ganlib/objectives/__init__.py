"""Adversarial objectives: pure functions of scores to losses, one file each, one line here, in the order of their years."""

from typing import Any

from ganlib.objectives.began import Began
from ganlib.objectives.hinge import Hinge
from ganlib.objectives.leastsquares import LeastSquares
from ganlib.objectives.minimax import Minimax
from ganlib.objectives.nonsaturating import Nonsaturating
from ganlib.objectives.relativistic import Relativistic
from ganlib.objectives.wasserstein import Wasserstein

OBJECTIVES: dict[str, type[Any]] = {
    "minimax": Minimax,
    "nonsaturating": Nonsaturating,
    "leastsquares": LeastSquares,
    "wasserstein": Wasserstein,
    "hinge": Hinge,
    "began": Began,
    "relativistic": Relativistic,
}
