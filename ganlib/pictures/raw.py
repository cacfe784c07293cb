"""A picture as it was found: encoded bytes, what is known about it, and where it came from."""

from dataclasses import dataclass, field

#: What is known about a picture: a name (hair colour) or a measure (hair length); None where it does not apply.
Label = str | float | None
CLASS = "class"  # the label that the folder of a picture gives it


@dataclass(frozen=True)
class RawPicture:
    """One found picture, undecoded.

    name: unique within its source, with "/" between folders. data: the encoded file, empty when it was refused unread.
    problem: the reason code when the source refused it ("link-outside", say), else None.
    """

    name: str
    data: bytes
    labels: dict[str, Label] = field(default_factory=dict)
    source: str = ""
    licence: str = ""
    attribution: str = ""
    problem: str | None = None


@dataclass(frozen=True)
class RawSummary:
    """What a folder of shards holds: `raw.json`. `problems` counts the refused pictures by reason code."""

    source: str
    pictures: int
    problems: dict[str, int] = field(default_factory=dict)
    licences: list[str] = field(default_factory=list)
    attributions: list[str] = field(default_factory=list)
