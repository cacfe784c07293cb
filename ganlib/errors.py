"""The one error that a person is meant to read."""


class AtelierError(Exception):
    """A mistake or a misfortune that the user can act on.

    Its message says what was expected, what was found, what was done about it and what to do next, with the file (and
    line) where there is one. Entry points print it without a traceback and exit with 2.
    """
