"""Captions made from a portrait's attributes, for data sets without any: what is said, and in which words, is rolled.

Other words for the same are kept from training, so that it can be measured whether a model understands what it never read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ganlib.conditions.attribute import Value
from ganlib.errors import AtelierError

#: The label that holds a sentence a picture; what is said of a portrait where the data set has no such label.
CAPTION = "caption"
SAID = ("hair_colour", "hair_length", "glasses")
#: What captions call a length, from the shortest third of the pictures to the longest; and whether there are glasses.
LENGTHS, WITH, WITHOUT = ("short", "medium", "long"), "with", "without"

#: Captions of the same facts, at most.
STOCK = 64

#: What a portrait's caption may say: by attribute the word for what it has.
Facts = Mapping[str, str]


@dataclass(frozen=True)
class Wording:
    """Ways to say things. Hair by which of colour and length is said; {who}, {hair} and {glasses} make the sentence."""

    who: tuple[str, ...]
    coloured: tuple[str, ...]
    long: tuple[str, ...]
    both: tuple[str, ...]
    lengths: Mapping[str, tuple[str, ...]]
    glasses: Mapping[str, tuple[str, ...]]
    sentences: tuple[str, ...]
    hair_alone: tuple[str, ...]
    glasses_alone: tuple[str, ...]


SEEN = Wording(
    who=("a person", "a portrait of a person", "someone", "a woman", "a man", "a face", "a girl", "a boy", "an avatar"),
    coloured=("{colour} hair", "hair that is {colour}", "a {colour} hairstyle", "{colour} strands of hair"),
    long=("{length} hair", "hair that is {length}", "a {length} hairstyle", "hair cut {length}"),
    both=(
        "{length} {colour} hair",
        "{colour} hair that is {length}",
        "{colour}, {length} hair",
        "a {length}, {colour} hairstyle",
        "hair worn {length} and coloured {colour}",
    ),
    lengths={
        "short": ("short", "very short", "close-cut"),
        "medium": ("medium-length", "half-long", "shoulder-length"),
        "long": ("long", "very long", "waist-length"),
    },
    glasses={
        WITH: ("glasses", "spectacles", "a pair of glasses", "lenses before the eyes"),
        WITHOUT: ("no glasses", "no spectacles", "nothing on the nose", "eyes that are free, without glasses"),
    },
    sentences=(
        "{who} with {hair} and {glasses}",
        "{who} with {glasses} and {hair}",
        "{hair}, {glasses}",
        "{glasses}, {hair}",
        "draw me {who}, {hair} and {glasses}",
        "an image of {who} having {hair}, plus {glasses}",
    ),
    hair_alone=(
        "{who} with {hair}",
        "{hair}",
        "{who} who has {hair}",
        "draw me {who}, {hair}",
        "an image of {who} having {hair}",
    ),
    glasses_alone=("{who} with {glasses}", "{glasses}", "{who} who has {glasses}", "draw me {who}, {glasses}"),
)

#: Never read in training: none of its sentences, and only some of its words.
UNSEEN = Wording(
    who=("a lady", "somebody", "this character", "a cartoon figure"),
    coloured=("{colour} locks", "a {colour} hairdo", "a head of {colour}"),
    long=("a {length} haircut", "{length} locks"),
    both=("a {length} {colour} haircut", "{length} locks dyed {colour}", "a {colour} mane, worn {length}"),
    lengths={"short": ("short", "cropped"), "medium": ("medium-length", "neither long nor short"), "long": ("long", "flowing")},
    glasses={
        WITH: ("eyeglasses", "reading glasses"),
        WITHOUT: ("bare eyes, not wearing glasses", "an uncovered face without lenses"),
    },
    sentences=(
        "please draw {who}: {hair}, also {glasses}",
        "{who}, {glasses}, showing off {hair}",
        "picture {who} featuring {hair}, {glasses}",
    ),
    hair_alone=("please draw {who} showing off {hair}", "picture {who}: {hair}"),
    glasses_alone=("please draw {who}: {glasses}", "picture {who} featuring {glasses}"),
)


def facts_of(columns: Mapping[str, Sequence[Value | None]]) -> list[Facts]:
    """What can be said of each picture, from the labels of `SAID` that there are.

    Raises `AtelierError` where there is none of them.
    """
    known = [name for name in SAID if name in columns]
    if not known:
        raise AtelierError(
            f"train.method.conditions {CAPTION}: expected a label {CAPTION} with a sentence a picture, or portraits with the "
            f"labels {', '.join(SAID)} to make one from; found none of them; nothing was done. Add the column to labels.csv."
        )
    words = {name: _WORDS[name](columns[name]) for name in known}
    return [{name: word for name in known if (word := words[name][row]) is not None} for row in range(len(words[known[0]]))]


def caption(facts: Facts, dice: np.random.Generator, wording: Wording = SEEN) -> tuple[str, Facts]:
    """A sentence that says some of the facts, at least one, and which: each is said three times of four."""
    said = [name for name in facts if dice.random() < 0.75] or [str(dice.choice(sorted(facts)))]
    told = {name: facts[name] for name in said}

    def one_of(ways: Sequence[str]) -> str:
        return ways[int(dice.integers(len(ways)))]

    hair, glasses = "", one_of(wording.glasses[told["glasses"]]) if "glasses" in told else ""
    if "hair_colour" in told or "hair_length" in told:
        kinds = wording.both if "hair_colour" in told and "hair_length" in told else None
        kinds = kinds or (wording.coloured if "hair_colour" in told else wording.long)
        length = one_of(wording.lengths[told["hair_length"]]) if "hair_length" in told else ""
        hair = one_of(kinds).format(colour=told.get("hair_colour", "").replace("_", " "), length=length)
    sentences = wording.sentences if hair and glasses else wording.hair_alone if hair else wording.glasses_alone
    return one_of(sentences).format(who=one_of(wording.who), hair=hair, glasses=glasses), told


def captions(facts: Sequence[Facts], seed: int, phrasings: int, wording: Wording = SEEN) -> list[list[str]]:
    """So many captions of each picture, each a function of the seed, the picture's row, its facts and the phrasing's number.

    Pictures of the same facts share a stock of 64 captions, or a large data set would take long to encode.
    """
    return [
        [
            _of_stock(one, seed, int(place), wording)
            for place in np.random.default_rng([seed, row]).integers(STOCK, size=phrasings)
        ]
        for row, one in enumerate(facts)
    ]


def _of_stock(facts: Facts, seed: int, place: int, wording: Wording) -> str:
    words = list(json.dumps(sorted(facts.items())).encode())
    return caption(facts, np.random.default_rng([seed, place, *words]), wording)[0]


def _colours(column: Sequence[Value | None]) -> list[str | None]:
    return [None if value is None else str(value) for value in column]


def _lengths(column: Sequence[Value | None]) -> list[str | None]:
    numbers = np.array([np.nan if value is None else value for value in column], float)
    bounds = np.nanquantile(numbers, (1 / 3, 2 / 3))
    places = np.searchsorted(bounds, numbers)
    return [None if np.isnan(number) else LENGTHS[place] for number, place in zip(numbers, places, strict=True)]


def _glasses(column: Sequence[Value | None]) -> list[str | None]:
    return [WITHOUT if value is None else WITH for value in column]


_WORDS = {"hair_colour": _colours, "hair_length": _lengths, "glasses": _glasses}
