"""The knobs of training that every way of learning shares."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ganlib.knobs import Natural, NaturalFloat, OneOf, Positive, PositiveFloat, Share
from ganlib.methods import METHODS


@dataclass(frozen=True, kw_only=True)
class Course:
    """What a training is apart from method and seed, alike for all trials of a comparison.

    Cost and intervals are in kimg: thousands of real pictures shown.

    decay: the last share of the run, over which the learning rates fall to 0. decay_shape: in a straight line, or on half a
    cosine. flip: show mirrored pictures, too. threads: of all processes together; 0 for as many as there are cores. fast: compute
    layers joined and laid out for speed and, on a GPU, second derivatives by other convolutions and steps replayed as one CUDA
    graph: the same but for rounding; false computes all as it is written down, auto where a short trial finds that this is much
    quicker here.
    """

    kimg: PositiveFloat
    batch: Positive = 64
    decay: Share = 0.0
    decay_shape: Literal["linear", "cosine"] = "linear"
    flip: bool = False
    log_kimg: PositiveFloat = 0.5
    sample_kimg: PositiveFloat = 10.0
    checkpoint_kimg: PositiveFloat = 5.0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bf16"] = "auto"
    threads: Natural = 0
    fast: bool | Literal["auto"] = "auto"


@dataclass(frozen=True)
class TrainConfig(Course):
    """Section `train` of `params.yaml`.

    patience_kimg: end the run early when the quick Fréchet distance, which is taken at every look (`sample_kimg`), has not got
    better by more than its error for so many thousand pictures; 0: never. With patience the model is published as it was
    where it was best, also where the run came to its end.
    withhold: combinations of labels, such as `{hair_colour: red, glasses: none}`; pictures that have all of one are not shown.
    """

    method: Annotated[Any, OneOf("name", METHODS)]
    seed: Natural = 0
    withhold: tuple[dict[str, str | float], ...] = ()
    patience_kimg: NaturalFloat = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense together, with the reason."""
        if self.flip and not self.method.mirrors:
            raise ValueError(
                f"must not have `flip: true` with the method {self.method.name}, which gives a code to every picture as it is"
            )
        if 0 < self.patience_kimg < 2 * self.sample_kimg:
            raise ValueError(
                f"must have a patience_kimg of at least two looks, {2 * self.sample_kimg:g} where sample_kimg is "
                f"{self.sample_kimg:g}: one that is worse by chance must not end a run"
            )
