"""Every output a class of its own: how many of the pictures that are asked for were never among the examples."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganlib.lecture.canvas import MADE, REAL, canvas, ruled
from ganlib.pictures.split import TRAIN

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Unseen:
    """labels [L]: a class is what agrees in the first one, in the first two, and so on. classes [L]: how many there then are.

    unseen [L]: the share of the held-out pictures whose class no picture to learn from has; once [L]: the share whose class
    exactly one has.
    """

    labels: tuple[str, ...]
    classes: NDArray[np.int64]
    unseen: NDArray[np.float64]
    once: NDArray[np.float64]


def unseen(manifest: "pd.DataFrame") -> Unseen:
    """Count the classes of a data set's manifest; labels are taken in one by one, those with the fewest values first."""
    columns = [name for name in manifest.columns if name.startswith("label.")]
    columns.sort(key=lambda name: manifest[name].nunique(dropna=False))
    learnt = (manifest["split"] == TRAIN).to_numpy()
    classes, missed, once = [], [], []
    for count in range(1, len(columns) + 1):
        kinds = manifest.groupby(columns[:count], dropna=False).ngroup()
        examples = kinds[~learnt].map(kinds[learnt].value_counts()).fillna(0)
        classes.append(kinds.nunique())
        missed.append(float((examples == 0).mean()))
        once.append(float((examples == 1).mean()))
    names = tuple(name.removeprefix("label.").replace("_", " ") for name in columns)
    return Unseen(names, np.array(classes), np.array(missed), np.array(once))


def draw_unseen(found: Unseen) -> "Figure":
    """Two curves over the labels that are taken in."""
    figure = canvas(8.4, 4.0)
    axes = ruled(figure.subplots())
    places = range(len(found.labels))
    axes.plot(places, found.unseen, "o-", color=MADE, label="with no example")
    axes.plot(places, found.once, "s-", color=REAL, label="with one example")
    names = [found.labels[0], *(f"+ {name}" for name in found.labels[1:])]
    axes.set_xticks(places, names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set(ylim=(-0.03, 1.03), ylabel="share of the held-out pictures", xlabel="what makes a class")
    axes.legend()
    return figure
