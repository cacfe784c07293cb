"""What every `python -m tasks.<step>` shares: mistakes become a sentence and an exit code, never a traceback."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ganlib.errors import AtelierError, printable

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def run(main: Callable[[], None]) -> None:
    """Call `main`; print what a person can act on to stderr and exit with 2, or 130 after Ctrl-C."""
    try:
        main()
    except AtelierError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        print("Stopped. The same command begins again where it can go on, and keeps what is there.", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except OSError as error:
        _fail(_misfortune(error))


def wrong_options(found: "Sequence[ErrorDetails]") -> str:
    """What pydantic found wrong with options, a line each: which, what it must be, and what was given."""
    return "\n".join(f"--{item['loc'][0]} {_must(item)} (got {item['input']})" for item in found)


def _must(item: "ErrorDetails") -> str:
    cause = item.get("ctx", {}).get("error")
    return str(cause) if cause else item["msg"].replace("Input should be", "must be")


def _misfortune(error: OSError) -> str:
    """The sentence for what the disk or its permissions refuse; anything else is a mistake of ours, and is raised."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{error.filename or os.getcwd()}: no space is left to write here. What was there before was not changed. "
            "Free some space, then run the same command again."
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return (
            f"{error.filename}: expected to be allowed to read and write here, and am not ({error.strerror}). "
            "Change the permissions, or name another place."
        )
    if error.errno == errno.ENAMETOOLONG:
        return f"{error.filename}: expected a name that is short enough for this disk. Choose another."
    raise error


def _fail(sentence: str) -> None:
    if os.environ.get("RANK", "0") == "0":  # of several processes that train as one, the first one talks
        for line in sentence.splitlines():
            print(f"error: {printable(line)}", file=sys.stderr)
    sys.exit(2)
