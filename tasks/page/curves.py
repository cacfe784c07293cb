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
}
#: Of what was looked at now and then.
_LOOKED = {
    "quick fd": "Fréchet distance, by a quick look",
    "coarse fd": "Fréchet distance of coarse pixels, by a quick look",
    "quick": "Shares, by a quick look",
    "coarse": "Shares in coarse pixels, by a quick look",
    "score": "Mean scores of what is learnt from, held out, generated",
    "told": "How often a held-out picture scores above a generated one",
}
_PLACES = ("kimg", "images", "done")  # where on the way, not what was found there
_UNSHOWN = re.compile(r".*_(error|number)|values_.*")  # how sure, of how many; counts of values, which the diagnosis tells

Lines = Sequence[Mapping[str, Any]]


def curves(history: Lines, looks: Lines = ()) -> list[Chart]:
    """Charts over thousands of pictures shown: of the lines of `history.jsonl`, losses first, then of `watch.jsonl`."""
    return [*_charts(history, _TITLES), *_charts(looks, _LOOKED)]


def _charts(lines: Lines, titles: Mapping[str, str]) -> list[Chart]:
    groups: dict[str, dict[str, Points]] = {}
    for name in sorted({name for line in lines for name in line if name not in _PLACES and not _UNSHOWN.fullmatch(name)}):
        points = [(line["kimg"], line[name]) for line in lines if _is_number(line.get(name))]
        if points:
            groups.setdefault(_group(name), {})[name] = points
    order = sorted(groups, key=lambda word: (list(titles).index(word) if word in titles else len(titles), word))
    return [chart(titles.get(word, word), groups[word]) for word in order]


def _group(name: str) -> str:
    """Its first word; distances, whose scale is another one, apart."""
    word = re.split(r"[_/.]", name)[0]
    return f"{word} fd" if name.startswith(f"{word}_fd") else word


def _is_number(value: object) -> bool:
    """Numbers that are not finite are written as text."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
