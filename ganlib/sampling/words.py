"""Scores for people who were not there: what a name means, a number with as many digits as are worth reading, a fingerprint."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ganlib.metrics.fingerprint import LOWER_IS_BETTER

#: By how a score's name begins, the longer beginnings first.
_MEANINGS = {
    "path_length": "how far a picture moves, in features, for a small step in the latent space",
    "class_coverage": "share of the label's classes that it draws",
    "label_agreement": "share of pictures that a classifier takes for what they were asked to be",
    "diversity": "how unlike each other its pictures are; real pictures have 1",
    "precision": "share of its pictures that look like some real one",
    "coverage": "share of real pictures that have one of its pictures close by",
    "density": "how tightly real pictures lie around its own; real pictures have about 1",
    "recall": "share of real pictures that it could have drawn",
    "copied": "share of its pictures that are copies of training pictures, beyond what held-out ones show",
    "fid": "Fréchet distance of Inception's features",
    "fd": "Fréchet distance of features",
    "kid": "kernel distance of features",
}
#: The parts of a fingerprint in words, in the order in which they are said; what is not here is said by its own name. The seed
#: is said even if it is 0; of all else, nothing is said that is 0 or empty.
_MADE = {
    "generated": "{:,} generated pictures",
    "reference": "against {:,} real ones",
    "split": "({})",
    "reference_digest": "whose pixels have the digest {:.12}",
    "extractor": "seen by {}",
    "weights": "with the weights {:.12}",
    "size": "at {} pixels",
    "resize": "brought to that size by {}",
    "quantisation": "{}",
    "normalisation": "as {}",
    "training": "copies looked for among {:,} training pictures",
    "training_digest": "whose pixels have the digest {:.12}",
    "label": "classes by the label {}",
    "classifier": "told apart by a classifier with the weights {:.12}",
    "neighbours": "{} nearest neighbours",
    "seed": "seed {}",
}


@dataclass(frozen=True)
class Row:
    """A score as text. better: "lower" or "higher". error, floor: empty where there is none. p: its p-value, where it has one."""

    name: str
    meaning: str
    value: str
    error: str
    floor: str
    n: str
    better: str
    p: str


def scores_in(numbers: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The scores of `evaluate.json`, without its fingerprint."""
    return {name: score for name, score in numbers.items() if isinstance(score, Mapping) and "value" in score}


def rows(numbers: Mapping[str, Any]) -> list[Row]:
    """The scores of `evaluate.json` as text, in their order."""
    return [
        Row(
            name,
            meaning(name),
            number(score["value"]),
            error(score.get("standard_error")),
            number(score.get("floor")),
            f"{score['n']:,}" if "n" in score else "",
            "lower" if name.startswith(LOWER_IS_BETTER) else "higher",
            number(score.get("p_value")),
        )
        for name, score in scores_in(numbers).items()
    ]


def meaning(name: str) -> str:
    """What the score of this name says; empty where nobody wrote it down."""
    words = next((words for beginning, words in _MEANINGS.items() if name.startswith(beginning)), "")
    return f"{words}, for endless pictures" if words and name.endswith("_infinity") else words


def number(value: float | None) -> str:
    """Four digits, large ones whole: 0.001234, 123.5, 61,081, 1.235e+09; nothing for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


def error(value: float | None) -> str:
    """Two digits, which is more than an error is known to; nothing for None."""
    return "" if value is None else number(float(f"{value:.2g}"))


def copies_in_words(copied: Mapping[str, Any]) -> str:
    """What the score `copied` says, as one sentence; it may fall below zero by chance."""
    value, spread, chance = copied["value"], copied.get("standard_error"), copied.get("p_value")
    share = f"{100 * abs(value):.2f} %" + (f" (± {100 * spread:.2f} %)" if spread is not None else "")
    doubt = f"; of a generator that copies nothing, as much or more is to be expected with a probability of {number(chance)}"
    side = "below" if value < 0 else "above"
    return (
        f"The share of its pictures that are copies of ones that it learnt from is {share} {side} that of held-out pictures"
        f"{doubt if chance is not None else ''}."
    )


def fingerprint_in_words(fingerprint: Mapping[str, Any]) -> str:
    """How scores were made, as one sentence."""
    known = [(form, fingerprint.get(name)) for name, form in _MADE.items() if fingerprint.get(name) or name == "seed"]
    said = [_say(form, value) for form, value in known if value is not None]
    said += [f"{name} {value}" for name, value in fingerprint.items() if name not in _MADE]
    return ", ".join(said).replace(", against", " against").replace(", (", " (") + "."


def _say(form: str, value: object) -> str:
    try:
        return form.format(value)
    except ValueError:  # a number was expected and is none, or the other way round
        return str(value)
