"""The licences of the pictures that a model learnt from, as the one identifier that model hubs ask for."""

import re
from collections.abc import Sequence

#: Plain names, as `_plain` leaves them, and the hub's identifiers (its page "Licenses").
_NAMED = {
    "cc0": "cc0-1.0",
    "cc0 1.0": "cc0-1.0",
    "mit": "mit",
    "apache 2.0": "apache-2.0",
    "bsd 2 clause": "bsd-2-clause",
    "bsd 3 clause": "bsd-3-clause",
    "unlicense": "unlicense",
    "odbl 1.0": "odbl",
    "odc by 1.0": "odc-by",
    "pddl 1.0": "pddl",
    "wtfpl": "wtfpl",
}
_CREATIVE_COMMONS = {
    "by": ("2.0", "2.5", "3.0", "4.0"),
    "by sa": ("3.0", "4.0"),
    "by nc": ("2.0", "3.0", "4.0"),
    "by nd": ("4.0",),
    "by nc nd": ("3.0", "4.0"),
    "by nc sa": ("2.0", "3.0", "4.0"),
}
#: What is said at length, and its short form.
_LONG = (
    (r"\bv(?=\d)", ""),
    (r"\b(deed|legalcode|license|licence|international|unported|universal|the|version)\b", ""),
    (r"\bcreative commons\b", "cc"),
    (r"\bzero\b", "0"),
    (r"\bcc\s+0\b", "cc0"),
    (r"\battribution\b", "by"),
    (r"\bshare\s*alike\b", "sa"),
    (r"\bnon\s*commercial\b", "nc"),
    (r"\bno\s*deriv(ative)?s\b", "nd"),
)
OTHER = "other"


def hub_licence(licences: Sequence[str]) -> str:
    """The identifier of the licence that all pictures are under ("CC BY 4.0" is `cc-by-4.0`).

    "other" where none is named, where they are under several, and for one that the hub does not know.
    """
    found = {_identifier(licence) for licence in licences}
    return found.pop() if len(found) == 1 else OTHER


def _identifier(licence: str) -> str:
    plain = _plain(licence)
    if plain.startswith("cc "):
        kind, _, version = plain.removeprefix("cc ").rpartition(" ")
        return "-".join(["cc", *kind.split(), version]) if version in _CREATIVE_COMMONS.get(kind, ()) else OTHER
    return _NAMED.get(plain, OTHER)


def _plain(licence: str) -> str:
    """In small letters, words apart, long names and addresses made short: "Creative Commons Attribution 4.0" is "cc by 4.0"."""
    text = re.sub(r"https?://creativecommons\.org/(licenses|publicdomain)/", "cc ", licence.strip().lower())
    text = " ".join(re.sub(r"[-_/,()]", " ", text).split())
    for long, short in _LONG:
        text = re.sub(long, short, text)
    return " ".join(text.split())
