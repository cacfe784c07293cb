"""The features of a classifier that the project trained on the data set's own label: they see what that label is about."""

from pathlib import Path

from ganlib.errors import AtelierError
from ganlib.metrics.classifier import WIDTHS, Classifier, read_classifier
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors.base import Extractor


def load(config: EvaluateConfig) -> Extractor:
    """The extractor out of the file `config.weights`; raises `AtelierError` where that is none of a classifier's.

    (With `config.label`, evaluating a data set trains it and needs no file.)
    """
    if config.weights is None:
        raise AtelierError(
            "evaluate.extractor classifier: expected a label of the data set in evaluate.label to train it on, or the file of a "
            "trained one in evaluate.weights, found neither. Nothing was scored."
        )
    return features_of(read_classifier(Path(config.weights)))


def features_of(found: Classifier) -> Extractor:
    """The extractor that a trained classifier is."""
    return Extractor("classifier", found.network, WIDTHS[-1], found.size, found.digest, shift=127.5, scale=127.5)
