"""A score with all that it depends on, and the comparison of two, which refuses to compare what is not alike."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import hypot
from typing import Any

from ganlib.errors import AtelierError

#: How the names begin of those scores of which less is better; of the others, shares and densities, more is.
LOWER_IS_BETTER = ("fd", "fid", "kid", "copied", "path_length")


@dataclass(frozen=True)
class Fingerprint:
    """How a score was made; two scores say something about each other only where all of this is the same.

    weights: sha256. size: side of what the network saw. resize, quantisation, normalisation: how pictures came to it, in words.
    generated, reference: how many pictures. reference_digest: of the reference's pixels. split: where the reference is from.
    seed: of the choice of pictures and of sub-samples. neighbours: k. training, training_digest: how many training pictures
    generated ones were compared with, and the digest of their pixels (0 and "" where with none). label, classifier: whose
    classes were told apart, by a network of which sha256 ("" where by none). labels_digest: of the reference's labels.
    """

    extractor: str
    weights: str
    size: int
    resize: str
    quantisation: str
    normalisation: str
    generated: int
    reference: int
    reference_digest: str
    split: str
    seed: int
    neighbours: int
    training: int = 0
    training_digest: str = ""
    label: str = ""
    classifier: str = ""
    labels_digest: str = ""


@dataclass(frozen=True)
class Score:
    """A number that says how good: "fd_lite0", 120.3 ± 2.8, where real pictures against real ones score `floor`; n of each.

    floor: None where real pictures cannot stand in the place of generated ones. p: the p-value of a score that is a test."""

    name: str
    value: float
    error: float
    floor: float | None
    n: int
    fingerprint: Fingerprint
    p: float | None = None


#: Standard errors beyond which a difference is taken for one: of a dozen scores that did not change, one in two tables has such.
SURE = 2.0


@dataclass(frozen=True)
class Comparison:
    """gain: by how much the new score is better, in its own unit; negative when it is worse. error: one standard error of it."""

    name: str
    gain: float
    error: float

    @property
    def clear(self) -> bool:
        """Whether the new score is better by more than the error of the measurement explains."""
        return self.gain > SURE * self.error

    @property
    def clearly_worse(self) -> bool:
        """The same the other way round."""
        return self.gain < -SURE * self.error


def compare(new: Score, old: Score) -> Comparison:
    """How much better `new` is; raises `AtelierError`, naming what differs, when the two were not made alike."""
    if new.name != old.name:
        raise AtelierError(f"Expected two scores of one name, found {new.name} and {old.name}; they were not compared.")
    ours, theirs = (_mattering(score) for score in (new, old))
    differing = [f"{name} ({ours[name]} and {theirs[name]})" for name in ours if ours[name] != theirs[name]]
    if differing:
        raise AtelierError(
            f"{new.name}: expected two scores made alike, found that they differ in {', '.join(differing)}; they were not "
            "compared. Evaluate both with the same parameters against the same pictures."
        )
    rise = new.value - old.value
    return Comparison(new.name, -rise if new.name.startswith(LOWER_IS_BETTER) else rise, hypot(new.error, old.error))


def _mattering(score: Score) -> dict[str, Any]:
    """What a score depends on: where copies were looked for, and who told classes apart, matter to few of them."""
    left = {name for names, of in _ONLY.items() if score.name not in of for name in names}
    return {name: value for name, value in asdict(score.fingerprint).items() if name not in left}


#: Parts of a fingerprint on which only these scores depend. (By the features of a classifier, `weights` says which it was.)
_ONLY = {
    ("training", "training_digest"): ("copied",),
    ("label", "classifier", "labels_digest"): ("class_coverage", "label_agreement"),
}


def to_json(scores: list[Score]) -> dict[str, Any]:
    """The scores of one evaluation by name, with value, standard error, floor and n, and their fingerprint; six digits each.

    The error is not called "error": DVC takes any such key for a failure of its own, and warns of it.
    """
    return {**{score.name: _entry(score) for score in scores}, "fingerprint": asdict(scores[0].fingerprint)}


def from_json(content: Mapping[str, Any], origin: str = "scores") -> dict[str, Score]:
    """The scores that `to_json` made, by name; raises `AtelierError`, which begins with `origin`, when they are not such."""
    try:
        fingerprint = Fingerprint(**content["fingerprint"])
        entries = {name: entry for name, entry in content.items() if name != "fingerprint"}
        return {
            name: Score(
                name, entry["value"], entry["standard_error"], entry["floor"], entry["n"], fingerprint, entry.get("p_value")
            )
            for name, entry in entries.items()
        }
    except (KeyError, TypeError) as error:
        names = ", ".join(field.name for field in fields(Fingerprint))
        raise AtelierError(
            f"{origin}: expected scores with value, standard_error, floor, n and a fingerprint of {names}; found otherwise "
            f"({error}). Evaluate again."
        ) from None


def _entry(score: Score) -> dict[str, float | None]:
    floor = None if score.floor is None else six(score.floor)
    entry = {"value": six(score.value), "standard_error": six(score.error), "floor": floor, "n": score.n}
    return entry if score.p is None else {**entry, "p_value": six(score.p)}


def six(number: float) -> float:
    """As many digits as are written down."""
    return float(f"{number:.6g}")
