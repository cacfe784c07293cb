"""The knobs of evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from ganlib.knobs import Named, Natural, Positive

#: The extractors of features by name, each a module with `load(config) -> Extractor`; imported when one is used.
EXTRACTORS: Mapping[str, str] = {
    "lite0": "ganlib.metrics.extractors.lite0",
    "inception": "ganlib.metrics.extractors.inception",
    "pixels": "ganlib.metrics.extractors.pixels",
    "classifier": "ganlib.metrics.extractors.classifier",
}

#: What runs their networks besides torch, each a module with `on_backend(extractor) -> Extractor`.
BACKENDS: Mapping[str, str | None] = {
    "torch": None,
    "openvino": "ganlib.metrics.backends.openvino",
    "openvino_bf16": "ganlib.metrics.backends.openvino_bf16",
}


@dataclass(frozen=True)
class EvaluateConfig:
    """Section `evaluate` of `params.yaml`.

    extractor: `lite0` (packaged), `inception` (needs `weights`, the official file; only then is the score called FID),
    `classifier` (trained on the data set's own `label`) or `pixels` (no network; for tests and toys). size: what pictures are
    resized to before lite0 or pixels see them; Inception always sees 299, a classifier what it was trained on. backend: what
    runs the network on a CPU, the same but for rounding; in bf16 only where that changes the distances by less than half of
    their errors. number: pictures of each kind, at most. neighbours: k of precision,
    recall, density and coverage. training: training pictures, at most, in which copies are looked for. walks: of the path
    length; 0 leaves it out. label: of the data set; its classes are scored one by one (None: nothing is).
    """

    extractor: Annotated[str, Named("extractor", EXTRACTORS)] = "lite0"
    weights: str | None = None
    size: Positive = 64
    number: Positive = 1500
    neighbours: Positive = 5
    seed: Natural = 0
    backend: Annotated[str, Named("backend", BACKENDS)] = "torch"
    training: Positive = 50_000
    walks: Natural = 500
    label: str | None = None
