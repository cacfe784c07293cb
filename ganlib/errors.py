"""The one error that a person is meant to read, and what its sentences are made of."""

from collections.abc import Sequence

_SHOWN = 5  # of many names


class AtelierError(Exception):
    """A mistake or a misfortune that the user can act on.

    Its message says what was expected, what was found, what was done about it and what to do next, with the file (and
    line) where there is one. Entry points print it without a traceback and exit with 2.
    """


def listed(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    return ", ".join(map(printable, names[:_SHOWN])) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def printable(text: str) -> str:
    """With what steers a terminal, or begins a line, written out: names of files are anybody's."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
