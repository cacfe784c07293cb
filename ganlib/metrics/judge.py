"""The classifier that an evaluation needs, trained on the data set's own labels, or none; and the extractor that it may be."""

import tempfile
from pathlib import Path

import numpy as np

from ganlib.conditions.conditions import of_labels
from ganlib.errors import AtelierError
from ganlib.metrics.classifier import Classifier, Pictures, classifier_for
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import Extractor, load_extractor
from ganlib.metrics.extractors.classifier import features_of
from ganlib.metrics.inputs import Real


def judge_for(real: Real, config: EvaluateConfig, folder: Path | None) -> Classifier | None:
    """The classifier of `config.label`, from `folder` where it lies there; None where no label is named.

    Raises `AtelierError` where the real pictures do not have that label, or too few to learn from.
    """
    if config.label is None:
        return None
    pictures, columns = _lessons(real, config.label, config)
    with tempfile.TemporaryDirectory() as passing:
        return classifier_for(pictures, columns, folder or Path(passing), config.seed)


def why_not(real: Real, config: EvaluateConfig) -> str | None:
    """Why the classes of `config.label` cannot be told apart, in a sentence; None where they can, or none is named."""
    try:
        if config.label is not None:
            of_labels(_lessons(real, config.label, config)[1], "evaluate.label")
    except AtelierError as error:
        return str(error)
    return None


def _lessons(real: Real, label: str, config: EvaluateConfig) -> tuple[Pictures, dict[str, list[str | None]]]:
    """The training pictures to learn a label from, and their values."""
    if real.training is None or real.training_labels is None or real.labels is None:
        raise AtelierError(
            f"evaluate.label {label}: expected real pictures with that label, a data set's, found none that have it. "
            "Name one (a column of its manifest.parquet that begins with label.), or none (null)."
        )
    count = min(len(real.training), config.training)
    rows = np.sort(np.random.default_rng(config.seed).permutation(len(real.training))[:count])
    return np.ascontiguousarray(real.training[rows]), {label: [real.training_labels[row] for row in rows]}


def extractor_for(config: EvaluateConfig, judge: Classifier | None) -> Extractor:
    """As `load_extractor`, but where the features of a classifier are wanted, `judge` (if there is one) gives them."""
    if config.extractor == "classifier" and config.weights is None and judge is not None:
        return features_of(judge)
    return load_extractor(config)
