"""What a training takes from a data set's labels: what can be asked for, and which pictures are withheld."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganlib import ranks
from ganlib.conditions import sentences as spoken
from ganlib.conditions.attribute import KNOB, Value
from ganlib.conditions.captions import CAPTION, SAID, captions, facts_of
from ganlib.conditions.conditions import Conditions, of_labels, rows_having
from ganlib.conditions.labels import PREFIX, columns_of
from ganlib.errors import AtelierError
from ganlib.methods.base import Setting
from ganlib.pictures.store import Store
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine

Combination = Mapping[str, str | float]
#: Rows of the table that tells how attributes go together, at most.
ROWS = 10_000


def setting_for(store: Store, config: TrainConfig, machine: Machine, folder: Path) -> Setting:
    """What a learner must fit, with the conditions that its method names; sentences are encoded once for the run in `folder`.

    Raises `AtelierError` for labels that the data set lacks, or that leave nothing to ask for.
    """
    plain = (store.size, store.channels, len(store.train), machine.torch_device, machine.dtype, machine.fast)
    names = getattr(config.method, "conditions", ())
    if not names:
        return Setting(*plain)
    labels = [name for name in names if name != CAPTION]
    columns = {name: values[: len(store.train)] for name, values in columns_of(store.manifest, labels).items()}
    conditions = of_labels(columns)
    if CAPTION not in names:
        return Setting(*plain, conditions, conditions.table(columns))
    sentences, numbers = sentences_of(store, config, folder)
    flat = numbers.reshape(-1, numbers.shape[-1]).astype(np.float64)
    parts = of_labels({name: flat[:, place].tolist() for place, name in enumerate(sentences.parts)})
    spelt = parts.table({name: flat[:, place].tolist() for place, name in enumerate(sentences.parts)}).reshape(numbers.shape)
    both = Conditions((*conditions.attributes, *parts.attributes), sentences)
    if not labels:
        return Setting(*plain, both, spelt)
    known = np.repeat(conditions.table(columns)[:, None], numbers.shape[1], axis=1)
    return Setting(*plain, both, np.concatenate([known, spelt], axis=2))


def sentences_of(store: Store, config: TrainConfig, folder: Path) -> tuple[spoken.Sentences, spoken.Floats]:
    """How sentences become numbers, and those of every picture of the train split, [pictures, phrasings, k]; kept in `folder`."""
    path = folder / spoken.FILE
    if not path.exists() and ranks.leads():
        texts = texts_of(store, config)
        made, numbers = spoken.fitted(CAPTION, [text for each in texts for text in each], getattr(config.method, "sentence", 1))
        spoken.write(path, made, numbers.reshape(len(texts), len(texts[0]), -1))
    ranks.wait_for_all()
    sentences, kept = spoken.read(path)
    if kept is None or len(kept) != len(store.train):
        raise AtelierError(f"{path}: expected the sentences of {len(store.train)} pictures, found others. Remove the file.")
    return sentences, kept


def texts_of(store: Store, config: TrainConfig) -> list[list[str]]:
    """The captions of every picture of the train split: the data set's own, or some made of its labels."""
    manifest = store.manifest.iloc[: len(store.train)]
    if f"{PREFIX}{CAPTION}" in manifest.columns:
        column = columns_of(manifest, [CAPTION])[CAPTION]
        if missing := sum(value is None for value in column):
            raise AtelierError(
                f"{KNOB} {CAPTION}: expected a sentence for every picture, found {missing} pictures without one; nothing was "
                "done. Leave it out, or complete the labels."
            )
        return [[str(value)] for value in column]
    said = [name for name in SAID if f"{PREFIX}{name}" in manifest.columns]
    return captions(facts_of(columns_of(manifest, said)), config.seed, getattr(config.method, "phrasings", 1))


def together(
    store: Store, names: Sequence[str], withhold: Sequence[Combination], numbers: Mapping[str, spoken.Floats] | None = None
) -> dict[str, list[Value | None]]:
    """How attributes go together in what was learned from: a column an attribute, a row a picture, 10,000 of them at most.

    numbers: those of sentences, by name one for each picture of the train split."""
    rows = rows_to_learn(store, withhold, 1)
    rows = np.arange(len(store.train)) if rows is None else rows
    chosen = np.sort(np.random.default_rng(0).permutation(rows)[:ROWS])
    found = columns_of(store.manifest.iloc[chosen], [name for name in names if name != CAPTION])
    return found | {name: values[chosen].astype(float).tolist() for name, values in (numbers or {}).items()}


def rows_to_learn(store: Store, withhold: Sequence[Combination], batch: int) -> NDArray[np.int64] | None:
    """The rows of the train split that have none of the combinations withheld; None where nothing is withheld.

    Raises `AtelierError` for labels that the data set lacks, combinations that no picture has, and where too few are left.
    """
    if not withhold:
        return None
    manifest = store.manifest.iloc[: len(store.train)]
    kept = np.ones(len(manifest), bool)
    for combination in withhold:
        having = rows_having(columns_of(manifest, list(combination), "train.withhold"), combination)
        if not having:
            raise AtelierError(
                f"train.withhold {dict(combination)}: expected a combination that some pictures have, found none; nothing was "
                "started. Check the values, or leave it out."
            )
        kept[having] = False
    if kept.sum() < batch:
        raise AtelierError(
            f"train.withhold: expected to leave at least train.batch pictures ({batch}) to learn from, found {kept.sum()}; "
            "nothing was started. Withhold less."
        )
    return np.flatnonzero(kept)
