"""A data set's labels as columns of values; apart from the rest, for a model can be drawn from without pandas."""

from collections.abc import Sequence

import pandas as pd

from ganlib.conditions.attribute import KNOB, Value
from ganlib.errors import AtelierError
from ganlib.knobs import nearest_first

PREFIX = "label."


def columns_of(manifest: pd.DataFrame, names: Sequence[str], knob: str = KNOB) -> dict[str, list[Value | None]]:
    """The values of these labels, by name, one for each row of a data set's manifest; None where a picture lacks one.

    Raises `AtelierError` where the data set has no such label; it says which it has.
    """
    known = [column.removeprefix(PREFIX) for column in manifest.columns if column.startswith(PREFIX)]
    for name in names:
        if name not in known:
            listed = nearest_first(name[:80], known) or "it has none"
            raise AtelierError(
                f"{knob} {name}: expected a label of the data set ({listed}), found no such one; nothing was "
                "done. Name one of these."
            )
    return {name: [None if pd.isna(value) else value for value in manifest[f"{PREFIX}{name}"].tolist()] for name in names}
