"""What a training wrote down of itself, as charts: a chart for all numbers whose names begin with the same word."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.page.chart import Chart, Points, chart

_TITLES = {
    "loss": "Losses",
    "score": "The discriminator's mean scores",
    "grad": "Norms of the gradients",
    "gradient": "Norms of the gradients",
    "fd": "Fréchet distance while it learnt",
    "heldout": "The discriminator's mean score of held-out pictures",
}
_PLACES = ("kimg", "images")  # where on the way, not what was found there


def curves(history: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """Charts of the lines of `history.jsonl` over thousands of pictures shown; losses and scores first."""
    groups: dict[str, dict[str, Points]] = {}
    for name in sorted({name for line in history for name in line if name not in _PLACES}):
        points = [(line["kimg"], line[name]) for line in history if _is_number(line.get(name))]
        if points:
            groups.setdefault(re.split(r"[_/.]", name)[0], {})[name] = points
    order = sorted(groups, key=lambda word: (list(_TITLES).index(word) if word in _TITLES else len(_TITLES), word))
    return [chart(_TITLES.get(word, word), groups[word]) for word in order]


def _is_number(value: object) -> bool:
    """Numbers that are not finite are written as text."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
