"""Whether a model draws what a sentence says: captions in the words that it learnt, and in others that it never read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganlib.conditions.attribute import NONE, Attribute
from ganlib.conditions.captions import LENGTHS, SEEN, UNSEEN, WITHOUT, Facts, Wording, caption
from ganlib.metrics.classifier import Classifier, Pictures
from ganlib.metrics.fingerprint import six
from ganlib.metrics.measure import share

#: The wordings, by the name under which they are scored.
WORDINGS = {"learnt": SEEN, "unseen": UNSEEN}


@dataclass(frozen=True)
class Said:
    """A sentence, and what of a portrait it says."""

    text: str
    facts: Facts


def said_of(facts: Sequence[Facts], number: int, seed: int, wording: Wording) -> list[Said]:
    """So many sentences, each about one of these pictures: the facts go together as they do there."""
    dice = np.random.default_rng(seed)
    return [Said(*caption(facts[int(dice.integers(len(facts)))], dice, wording)) for _ in range(number)]


def obeyed(said: Sequence[Said], drawn: Pictures, judge: Classifier) -> dict[str, Any]:
    """As JSON, by attribute, over the pictures [N, H, W, C] whose sentence says something of it: the agreement of classes and its
    error; of a length the correlation of its word's rank (short, medium, long) with what is read off. n: how many there are."""
    read = judge.predict(drawn)
    found = {}
    for attribute in judge.conditions.attributes:
        rows = [row for row, one in enumerate(said) if attribute.name in one.facts]
        words = [said[row].facts[attribute.name] for row in rows]
        values = read[attribute.name][rows]
        if len(rows) < 4:
            continue
        if not attribute.values:
            ranks = np.array([LENGTHS.index(word) for word in words], float)
            r = float(np.corrcoef(ranks, values)[0, 1]) if ranks.std() > 0 and values.std() > 0 else 0.0
            found[attribute.name] = {"r": six(r), "error": six((1 - r * r) / (len(rows) - 3) ** 0.5), "n": len(rows)}
            continue
        hits = sum(_agrees(attribute, word, int(place)) for word, place in zip(words, values, strict=True))
        agreement = share("agreement", hits, len(rows))
        found[attribute.name] = {"agreement": six(agreement.value), "error": six(agreement.error), "n": len(rows)}
    return found


def _agrees(attribute: Attribute, word: str, place: int) -> bool:
    """Of what a picture may lack captions say no more than whether it is there."""
    value = attribute.values[place]
    return (value == NONE) == (word == WITHOUT) if NONE in attribute.values else value == word
