"""The knobs of training that every way of learning shares."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ganlib.knobs import Natural, NaturalFloat, OneOf, Positive, PositiveFloat
from ganlib.methods import METHODS


@dataclass(frozen=True)
class TrainConfig:
    """Section `train` of `params.yaml`. Cost and intervals are in kimg: thousands of real pictures shown."""

    method: Annotated[Any, OneOf("name", METHODS)]
    kimg: PositiveFloat
    batch: Positive = 64
    seed: Natural = 0
    flip: bool = False
    log_kimg: PositiveFloat = 0.5
    sample_kimg: PositiveFloat = 10.0
    checkpoint_kimg: PositiveFloat = 5.0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bf16"] = "auto"
    threads: Natural = 0
