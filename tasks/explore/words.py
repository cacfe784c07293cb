"""What a text asks for: words that name values of attributes, "long red hair, no glasses". No other word is guessed at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ganlib.conditions.attribute import NONE, Attribute, Value
from ganlib.conditions.conditions import Conditions
from ganlib.conditions.encoder import checked

#: Words of a size, and which part of the pictures has less.
SIZES = {
    **dict.fromkeys(("short", "small", "little", "low", "narrow", "few", "thin"), 0.1),
    **dict.fromkeys(("medium", "middle", "average"), 0.5),
    **dict.fromkeys(("long", "large", "big", "high", "wide", "many", "thick"), 0.9),
    **dict.fromkeys(("shortest", "smallest", "lowest", "least"), 0.0),
    **dict.fromkeys(("longest", "largest", "highest", "most"), 1.0),
}
VERY = ("very", "really", "extremely")
NOT = ("no", "without", "not")
#: Words that ask for nothing.
_STOP = """a an and any as at but by draw face has have having he her his in is it its lady man me of on or person picture please
portrait she show that the their they to wearing who with woman"""
STOP = set(_STOP.split())


@dataclass(frozen=True)
class AskedBy:
    """conditions: what the text asks for, by attribute. read: which words said so, and what of each. unread: the others."""

    conditions: dict[str, Value] = field(default_factory=dict)
    read: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """What words from `start` to `end` ask of an attribute."""

    start: int
    end: int
    name: str
    value: Value


def understood(text: str, conditions: Conditions | None) -> AskedBy:
    """What `text` asks for: as the sentence that it is, of a model that learnt captions; by its words, of another one."""
    if conditions is None or conditions.sentences is None:
        return asked_by(text, conditions)
    name = conditions.sentences.name
    conditions.spelt({name: text})  # raises for what is no sentence, and where nobody can encode it
    said = checked(text, name)
    return AskedBy({name: said}, ((said, f"{name}: as a whole"),))


def asked_by(text: str, conditions: Conditions | None) -> AskedBy:
    """What `text` asks for. A value is found by its own words ("red"); where several attributes have it, the one whose name
    stands nearest is meant. A number is asked for by its attribute's name and a size ("long hair") or a number ("hair length
    0.7")."""
    words = [word for word in re.findall(r"(?<![^\W_])-\d+(?:\.\d+)?|[^\W_]+(?:[.'-][^\W_]+)*", text.lower())]
    attributes = conditions.attributes if conditions else ()
    positive = [one for one in (*_numbers(words, attributes), *_values(words, attributes)) if not _denied(words, one)]
    found = [*_nothing_of(words, attributes), *positive]
    chosen: dict[str, Found] = {}
    taken: set[int] = set()
    for one in found:
        places = set(range(one.start, one.end))
        if one.name not in chosen and not places & taken:
            chosen[one.name] = one
            taken |= places
    for one in _something_of(words, attributes):
        if not _denied(words, one) and one.name not in chosen and not set(range(one.start, one.end)) & taken:
            chosen[one.name] = one
            taken.add(one.start)
    named = {word for name in chosen for word in _words(name)}
    unread = [word for place, word in enumerate(words) if place not in taken and word not in STOP and word not in named]
    read = sorted(chosen.values(), key=lambda one: one.start)
    return AskedBy(
        {one.name: one.value for one in read},
        tuple((" ".join(words[one.start : one.end]), f"{_said(one.name)}: {_shown(one.value)}") for one in read),
        tuple(dict.fromkeys(unread)),
    )


def _nothing_of(words: list[str], attributes: Sequence[Attribute]) -> list[Found]:
    """ "no glasses", "without a hat": an attribute that a picture may lack."""
    lacking = [attribute for attribute in attributes if NONE in attribute.values]
    found = []
    for place, word in enumerate(words):
        if word in NOT:
            end = next((at for at in range(place + 1, min(place + 4, len(words))) if words[at] not in STOP), len(words) - 1)
            found += [Found(place, end + 1, one.name, NONE) for one in lacking if _heads(one, words[end])]
    return found


def _denied(words: list[str], one: Found) -> bool:
    """ "not red", "without long hair": what is not wanted is nothing that is asked for, and stays unread."""
    before = [word for word in words[max(0, one.start - 3) : one.start] if word not in STOP and word not in VERY]
    return bool(before) and before[-1] in NOT


def _something_of(words: list[str], attributes: Sequence[Attribute]) -> list[Found]:
    """ "glasses": the most frequent ones of an attribute that a picture may lack."""
    lacking = [attribute for attribute in attributes if NONE in attribute.values]
    return [
        Found(place, place + 1, one.name, max((s, v) for v, s in zip(one.values, one.shares, strict=True) if v != NONE)[1])
        for place, word in enumerate(words)
        for one in lacking
        if _heads(one, word)
    ]


def _numbers(words: list[str], attributes: Sequence[Attribute]) -> list[Found]:
    """ "very long hair", "hair length 0.7": a size before the name, or a number after it."""
    found = []
    numbers = [attribute for attribute in attributes if not attribute.values]
    for place, word in enumerate(words):
        for one in numbers:
            if word in SIZES and any(_names(one, near) for near in words[place + 1 : place + 4]):  # "long red hair"
                very = place > 0 and words[place - 1] in VERY
                share = round(SIZES[word]) if very and SIZES[word] != 0.5 else SIZES[word]
                found.append(Found(place - very, place + 1, one.name, _quantile(one, share)))
            if re.fullmatch(r"-?\d+(\.\d+)?", word) and place and _names(one, words[place - 1]):
                value = min(max(float(word), one.knots[0]), one.knots[-1])
                found.append(Found(place, place + 1, one.name, value))
    return found


def _values(words: list[str], attributes: Sequence[Attribute]) -> list[Found]:
    """Values by their own words, longer ones first; of an attribute that is named nearby, first."""
    said = [(one, value, _words(value)) for one in attributes for value in one.values if value != NONE and _words(value)]
    found = [
        (-len(parts), _distance(words, place, one), Found(place, place + len(parts), one.name, value))
        for one, value, parts in said
        for place in range(len(words) - len(parts) + 1)
        if words[place : place + len(parts)] == parts
    ]
    return [one for *_, one in sorted(found, key=lambda entry: (*entry[:2], entry[2].start))]


def _distance(words: list[str], place: int, attribute: Attribute) -> int:
    """How far away the attribute's name is."""
    return min((abs(place - at) for at, word in enumerate(words) if _names(attribute, word)), default=len(words))


def _names(attribute: Attribute, word: str) -> bool:
    """Whether a word is part of the attribute's name; a plural is."""
    return any(word in (part, f"{part}s", part.removesuffix("s")) for part in _words(attribute.name))


def _heads(attribute: Attribute, word: str) -> bool:
    """Whether a word is what the attribute's name is about, its last one: "glasses", but not the hair of "hair_slide"."""
    last = _words(attribute.name)[-1:]
    return any(word in (part, f"{part}s", part.removesuffix("s")) for part in last)


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.lower())


def _quantile(attribute: Attribute, share: float) -> float:
    place = share * (len(attribute.knots) - 1)
    low = int(place)
    high = min(low + 1, len(attribute.knots) - 1)
    return attribute.knots[low] + (place - low) * (attribute.knots[high] - attribute.knots[low])


def _said(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
