"""The knobs of training that every way of learning shares."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ganlib.knobs import Natural, OneOf, Positive, PositiveFloat, Share
from ganlib.methods import METHODS


@dataclass(frozen=True)
class TrainConfig:
    """Section `train` of `params.yaml`. Cost and intervals are in kimg: thousands of real pictures shown.

    decay: the last share of the run, over which the learning rates fall to 0. flip: show mirrored pictures, too.
    threads: 0 for as many as there are cores.
    """

    method: Annotated[Any, OneOf("name", METHODS)]
    kimg: PositiveFloat
    batch: Positive = 64
    decay: Share = 0.0
    seed: Natural = 0
    flip: bool = False
    log_kimg: PositiveFloat = 0.5
    sample_kimg: PositiveFloat = 10.0
    checkpoint_kimg: PositiveFloat = 5.0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bf16"] = "auto"
    threads: Natural = 0
