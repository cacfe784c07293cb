"""All scores of a set of generated pictures, each with its error and what real pictures score in its place."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganlib.files import digest_bytes
from ganlib.metrics.cache import cached_features, digest_pictures
from ganlib.metrics.case import METRICS, Case
from ganlib.metrics.classes import Judged, places_of
from ganlib.metrics.classifier import Classifier
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import Extractor
from ganlib.metrics.features import Pictures
from ganlib.metrics.fingerprint import Fingerprint, Score
from ganlib.metrics.inputs import Real
from ganlib.metrics.judge import extractor_for, judge_for
from ganlib.metrics.measure import Measurement
from ganlib.metrics.moments import Features
from ganlib.metrics.path_length import Walks, path_length
from ganlib.metrics.requirements import check_number, check_pictures
from ganlib.metrics.rounding import will_do
from ganlib.progress import Progress


@dataclass(frozen=True)
class Evaluation:
    """scores: in the order in which they are shown. case: what they were made from, floors: the same for real pictures.

    rows: which of the generated pictures were scored. train_rows: which of the training ones they were compared with.
    floor_features, floor_classes: of the real pictures that stood in the place of generated ones.
    """

    scores: list[Score]
    case: Case
    floors: Case
    rows: NDArray[np.int64]
    train_rows: NDArray[np.int64]
    floor_classes: NDArray[np.int64] | None


@dataclass(frozen=True)
class _Chosen:
    """The pictures that are scored, by kind, and which rows of what was given they are."""

    rows: dict[str, NDArray[np.int64]]
    pictures: dict[str, Pictures]


def evaluate(
    generated: Pictures,
    reference: Pictures,
    floor_sample: Pictures,
    config: EvaluateConfig,
    cache: Path | None = None,
    split: str = "heldout",
) -> list[Score]:
    """The scores of `generated` against `reference`, uint8 [N, H, W, C] alike, where no more is known; see `examine`."""
    return examine(generated, Real(reference, floor_sample, split), config, cache).scores


def examine(
    generated: Pictures,
    real: Real,
    config: EvaluateConfig,
    cache: Path | None = None,
    walks: Walks | None = None,
    asked: Sequence[str | None] | None = None,
) -> Evaluation:
    """Score `generated`, and in its place `real.floor`, real pictures that are not in `real.reference`: the floor of every score.

    All are uint8 [N, H, W, C] of one size and C. As many of each are taken, at random from `config.seed`, as the smallest set
    has, and `config.number` at most: distances depend on the number. `cache`: a folder for the features of real pictures.
    walks: small steps of what drew them, for the path length. asked: the class that each was to be of.
    Raises `AtelierError` for too few pictures, for another size or number of channels, and for anything but uint8.
    """
    kinds = {"generated": generated, "reference": real.reference, "floor": real.floor}
    check_pictures(kinds, config.neighbours)
    check_number(config.number, config.neighbours)
    chosen = _choose(kinds, real.training, config)
    judge = judge_for(real, config, cache)
    extractor = extractor_for(config, judge)
    features = _seen(chosen, extractor.rounded or extractor, cache)
    if extractor.rounded and not will_do(features, chosen.pictures, extractor):
        features = _seen(chosen, extractor, cache)
    own = _own_rows(chosen) if real.within else None
    case = Case(
        features["generated"],
        features["reference"],
        config.neighbours,
        config.seed,
        suspects=chosen.pictures["generated"],
        yardstick=chosen.pictures["reference"],
        train=chosen.pictures.get("training"),
        yardstick_rows=own,
        judged=_judged(judge, chosen, real, asked),
        walked=path_length(walks, extractor) if walks else None,
    )
    floors = replace(
        case,
        fake=features["floor"],
        suspects=chosen.pictures["reference"][::2],
        yardstick=chosen.pictures["reference"][1::2],
        suspects_rows=None if own is None else own[::2],
        yardstick_rows=None if own is None else own[1::2],
        judged=_judged_real(judge, chosen, real),
        walked=None,
    )
    scores = _scores(case, floors, extractor.name, _fingerprint(extractor, chosen, real, config, judge))
    floor_classes = _labels_of(real.floor_labels, chosen.rows["floor"], judge)
    return Evaluation(scores, case, floors, chosen.rows["generated"], chosen.rows["training"], floor_classes)


def _seen(chosen: _Chosen, extractor: Extractor, cache: Path | None) -> dict[str, Features]:
    """The features of all kinds of pictures that are scored; `cache` keeps those of real ones."""
    return {
        kind: cached_features(pictures, extractor, None if kind == "generated" else cache, kind)
        for kind, pictures in chosen.pictures.items()
        if kind != "training"
    }


def _own_rows(chosen: _Chosen) -> NDArray[np.int64]:
    """Where the reference pictures are among the training ones, which begin with all of the reference; -1: not taken there."""
    rows, training = chosen.rows["reference"], chosen.rows["training"]
    places = np.searchsorted(training, rows).clip(max=len(training) - 1)
    return np.where(training[places] == rows, places, -1)


def _scores(case: Case, floors: Case, extractor: str, fingerprint: Fingerprint) -> list[Score]:
    """Every metric of the case, with what it is for real pictures beside it."""
    found, least = _measure(case, "scores"), {floor.name: floor.value for floor in _measure(floors, "floors")}
    count = len(case.fake)
    return [
        Score(_name(one.name, extractor), one.value, one.error, least.get(one.name), one.n or count, fingerprint, one.p)
        for one in found
    ]


def _measure(case: Case, unit: str) -> list[Measurement]:
    found: list[Measurement] = []
    with Progress("evaluate", len(METRICS), unit) as progress:
        for metric in METRICS:
            found += metric(case)
            progress.advance(1)
    return found


def _name(metric: str, extractor: str) -> str:
    """A distance says its extractor in its name: fd_lite0, fd_lite0_infinity, kid_lite0; with the official Inception fid, kid."""
    family, _, rest = metric.partition("_")
    if family not in ("fd", "kid"):
        return metric
    name = {"fd": "fid"}.get(family, family) if extractor == "inception" else f"{family}_{extractor}"
    return f"{name}_{rest}" if rest else name


def _choose(kinds: dict[str, Pictures], training: Pictures | None, config: EvaluateConfig) -> _Chosen:
    """As many of each kind as there are of all, in their order, at random; of training pictures, more."""
    count = min(config.number, *(len(pictures) for pictures in kinds.values()))
    wanted = {kind: (pictures, count) for kind, pictures in kinds.items()}
    wanted |= {} if training is None else {"training": (training, config.training)}
    rows = {
        kind: np.sort(np.random.default_rng(config.seed).permutation(len(pictures))[:most])
        for kind, (pictures, most) in wanted.items()
    }
    taken = {kind: np.ascontiguousarray(pictures[rows[kind]]) for kind, (pictures, _) in wanted.items()}
    return _Chosen({"training": np.zeros(0, np.int64), **rows}, taken)


def _judged(judge: Classifier | None, chosen: _Chosen, real: Real, asked: Sequence[str | None] | None) -> Judged | None:
    """The generated pictures as the classifier sees them."""
    truth = _labels_of(real.labels, chosen.rows["reference"], judge)
    if judge is None or truth is None:
        return None
    wanted = _labels_of(asked, chosen.rows["generated"], judge)
    return _seen_by(judge, chosen.pictures["generated"], wanted, truth)


def _judged_real(judge: Classifier | None, chosen: _Chosen, real: Real) -> Judged | None:
    """Held-out pictures, which it has not learned from, with their labels for what was asked."""
    truth = _labels_of(real.labels, chosen.rows["reference"], judge)
    if judge is None or truth is None:
        return None
    return _seen_by(judge, chosen.pictures["reference"], truth, truth)


def _seen_by(judge: Classifier, pictures: Pictures, asked: NDArray[np.int64] | None, truth: NDArray[np.int64]) -> Judged:
    [attribute] = judge.conditions.attributes
    taken = judge.predict(pictures)[attribute.name].astype(np.int64)
    return Judged(attribute.values, taken, asked, np.bincount(truth[truth >= 0], minlength=len(attribute.values)))


def _labels_of(
    values: Sequence[str | None] | None, rows: NDArray[np.int64], judge: Classifier | None
) -> NDArray[np.int64] | None:
    """The classes of these rows, -1 where there is none; None where nothing is known of them."""
    if values is None or judge is None:
        return None
    return places_of([values[row] for row in rows], judge.conditions.attributes[0].values)


def _fingerprint(
    extractor: Extractor, chosen: _Chosen, real: Real, config: EvaluateConfig, judge: Classifier | None
) -> Fingerprint:
    reference, training = chosen.pictures["reference"], chosen.pictures.get("training")
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
        split=real.split,
        seed=config.seed,
        neighbours=config.neighbours,
        training=0 if training is None else len(training),
        training_digest="" if training is None else digest_pictures(training),
        label=", ".join(judge.conditions.names) if judge else "",
        classifier=judge.digest if judge else "",
        labels_digest=_digest_labels(real, chosen) if judge else "",
    )


def _digest_labels(real: Real, chosen: _Chosen) -> str:
    """Of the reference's labels: what its classes are counted from."""
    values = real.labels or []
    return digest_bytes(json.dumps([values[row] for row in chosen.rows["reference"]]).encode()) if values else ""
