"""All scores of a set of generated pictures, each with its error and what real pictures score in its place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.errors import AtelierError
from ganlib.metrics.cache import cached_features, digest_pictures
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import Extractor, load_extractor
from ganlib.metrics.extrapolation import Extrapolation, extrapolate
from ganlib.metrics.features import Pictures
from ganlib.metrics.fingerprint import Fingerprint, Score
from ganlib.metrics.kernel import kernel_distance
from ganlib.metrics.measure import Measurement
from ganlib.metrics.moments import Features
from ganlib.metrics.neighbours import neighbour_scores
from ganlib.progress import Progress

#: Fewer pictures than this of a kind make no score: sub-samples of them would be too small to fit a line.
FEWEST = 20


@dataclass(frozen=True)
class Evaluation:
    """scores: in the order in which they are shown. curve, floor_curve: the Fréchet distance against 1/N, for plots."""

    scores: list[Score]
    curve: Extrapolation
    floor_curve: Extrapolation


def evaluate(
    generated: Pictures,
    reference: Pictures,
    floor_sample: Pictures,
    config: EvaluateConfig,
    cache: Path | None = None,
    split: str = "heldout",
) -> list[Score]:
    """The scores of `generated` against `reference`, uint8 [N, H, W, C] of one size and C; see `examine`."""
    return examine(generated, reference, floor_sample, config, cache, split).scores


def examine(
    generated: Pictures,
    reference: Pictures,
    floor_sample: Pictures,
    config: EvaluateConfig,
    cache: Path | None = None,
    split: str = "heldout",
) -> Evaluation:
    """Score `generated`, and in its place `floor_sample`, real pictures that are not in `reference`: the floor of every score.

    All are uint8 [N, H, W, C] of one size and C. As many of each are taken, at random from `config.seed`, as the smallest set
    has, and `config.number` at most: distances depend on the number. `cache`: a folder for the features of real pictures.
    Raises `AtelierError` for too few pictures, for another size or number of channels, and for anything but uint8.
    """
    kinds = {"generated": generated, "reference": reference, "floor": floor_sample}
    _check(kinds, config)
    count = min(config.number, *(len(pictures) for pictures in kinds.values()))
    chosen = {kind: _choose(pictures, count, config.seed) for kind, pictures in kinds.items()}
    extractor = load_extractor(config)
    features = {
        kind: cached_features(pictures, extractor, None if kind == "generated" else cache, kind)
        for kind, pictures in chosen.items()
    }
    fingerprint = _fingerprint(extractor, chosen["reference"], split, config)
    curve, measurements = _measure(features["generated"], features["reference"], config, "scores")
    floor_curve, floors = _measure(features["floor"], features["reference"], config, "floors")
    scores = [
        Score(_name(found.name, extractor.name), found.value, found.error, floor.value, count, fingerprint)
        for found, floor in zip(measurements, floors, strict=True)
    ]
    return Evaluation(scores, curve, floor_curve)


def _measure(fake: Features, real: Features, config: EvaluateConfig, unit: str) -> tuple[Extrapolation, list[Measurement]]:
    """Every metric of `fake` features against `real` ones; a new one is a line here."""
    with Progress("evaluate", 7, unit) as progress:
        curve = extrapolate(fake, real, config.seed)
        found = [*curve.measurements()]
        progress.advance(len(found))
        found += [kernel_distance(fake, real)]
        found += neighbour_scores(fake, real, config.neighbours)
        progress.advance(5)
    return curve, found


def _name(metric: str, extractor: str) -> str:
    """A distance says its extractor in its name: fd_lite0, fd_lite0_infinity, kid_lite0; with the official Inception fid, kid."""
    family, _, rest = metric.partition("_")
    if family not in ("fd", "kid"):
        return metric
    name = {"fd": "fid"}.get(family, family) if extractor == "inception" else f"{family}_{extractor}"
    return f"{name}_{rest}" if rest else name


def _fingerprint(extractor: Extractor, reference: Pictures, split: str, config: EvaluateConfig) -> Fingerprint:
    return Fingerprint(
        extractor.name,
        extractor.weights,
        extractor.size,
        extractor.resize,
        extractor.quantisation,
        extractor.normalisation,
        generated=len(reference),
        reference=len(reference),
        reference_digest=digest_pictures(reference),
        split=split,
        seed=config.seed,
        neighbours=config.neighbours,
    )


def _choose(pictures: Pictures, count: int, seed: int) -> Pictures:
    """`count` pictures in their order, at random; all of them when there are no more."""
    places = np.random.default_rng(seed).permutation(len(pictures))[:count]
    return np.ascontiguousarray(pictures[np.sort(places)])


def _check(kinds: dict[str, NDArray[Any]], config: EvaluateConfig) -> None:
    least = max(FEWEST, 2 * (config.neighbours + 1))
    for kind, pictures in kinds.items():
        if pictures.dtype != np.uint8:
            broken = f", {int(np.isnan(pictures).sum())} of its numbers NaN" if pictures.dtype.kind == "f" else ""
            raise AtelierError(
                f"{kind} pictures: expected levels 0 to 255 as uint8, found {pictures.dtype}{broken}. Nothing was scored."
            )
        if pictures.ndim != 4 or pictures.shape[3] not in (1, 3):
            raise AtelierError(
                f"{kind} pictures: expected [N, H, W, C] with C 1 or 3, found {list(pictures.shape)}. Nothing was scored."
            )
        if len(pictures) < least:
            raise AtelierError(
                f"{kind} pictures: at least {least} are needed, found {len(pictures)}. Nothing was scored; provide more of them."
            )
        if pictures.shape[1:] != kinds["reference"].shape[1:]:
            raise AtelierError(
                f"{kind} pictures: expected the reference's height, width and channels {_shape(kinds['reference'])}, found "
                f"{_shape(pictures)}. Nothing was scored; bring both to one size first."
            )


def _shape(pictures: NDArray[Any]) -> str:
    return " × ".join(map(str, pictures.shape[1:]))
