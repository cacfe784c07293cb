"""What turns pictures into features: one file an extractor; their registry is in `ganlib.metrics.config`, without torch."""

from importlib import import_module

from ganlib.errors import AtelierError
from ganlib.knobs import unknown
from ganlib.metrics.config import BACKENDS, EXTRACTORS, EvaluateConfig
from ganlib.metrics.extractors.base import Extractor

__all__ = ["EXTRACTORS", "Extractor", "load_extractor"]


def load_extractor(config: EvaluateConfig) -> Extractor:
    """The extractor that `config.extractor` names, ready for use; raises `AtelierError` for an unknown name or wrong weights."""
    if config.extractor not in EXTRACTORS:
        raise AtelierError(f"evaluate.extractor {unknown('extractor', config.extractor, EXTRACTORS)} (got {config.extractor})")
    if config.backend not in BACKENDS:
        raise AtelierError(f"evaluate.backend {unknown('backend', config.backend, BACKENDS)} (got {config.backend})")
    loaded = import_module(EXTRACTORS[config.extractor]).load(config)
    assert isinstance(loaded, Extractor)  # noqa: S101  what a module in the registry promises
    backend = BACKENDS[config.backend]
    return import_module(backend).on_backend(loaded) if backend else loaded
