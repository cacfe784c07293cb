"""What a training takes from a data set's labels: what can be asked for, and which pictures are withheld."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ganlib.conditions.attribute import Value
from ganlib.conditions.conditions import of_labels, rows_having
from ganlib.conditions.labels import columns_of
from ganlib.errors import AtelierError
from ganlib.methods.base import Setting
from ganlib.pictures.store import Store
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine

Combination = Mapping[str, str | float]
#: Rows of the table that tells how attributes go together, at most.
ROWS = 10_000


def setting_for(store: Store, config: TrainConfig, machine: Machine) -> Setting:
    """What a learner must fit, with the conditions that its method names.

    Raises `AtelierError` for labels that the data set lacks, or that leave nothing to ask for.
    """
    plain = (store.size, store.channels, len(store.train), machine.torch_device, machine.dtype, machine.fast)
    names = getattr(config.method, "conditions", ())
    if not names:
        return Setting(*plain)
    columns = {name: values[: len(store.train)] for name, values in columns_of(store.manifest, names).items()}
    conditions = of_labels(columns)
    return Setting(*plain, conditions, conditions.table(columns))


def together(store: Store, names: Sequence[str], withhold: Sequence[Combination]) -> dict[str, list[Value | None]]:
    """How attributes go together in what was learned from: a column an attribute, a row a picture, 10,000 of them at most."""
    rows = rows_to_learn(store, withhold, 1)
    rows = np.arange(len(store.train)) if rows is None else rows
    chosen = np.sort(np.random.default_rng(0).permutation(rows)[:ROWS])
    return columns_of(store.manifest.iloc[chosen], names)


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
