"""What every `python -m tasks.<step>` shares: mistakes become a sentence and an exit code, never a traceback."""

import errno
import os
import signal
import sys
from collections.abc import Callable

from ganlib.errors import AtelierError


def run(main: Callable[[], None]) -> None:
    """Call `main`; print what a person can act on to stderr and exit with 2, or 130 after Ctrl-C."""
    try:
        main()
    except AtelierError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        print("Stopped. The same command continues from the last checkpoint.", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _fail(f"{error.filename or os.getcwd()}: no space left to write. Nothing that was there before was changed. Free some space, then run the same command again.")
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            _fail(f"{error.filename}: expected to be allowed to write or read here, found that it is not ({error.strerror}). Change the folder's permissions, or name another.")
        raise


def _fail(sentence: str) -> None:
    for line in sentence.splitlines():
        print(f"error: {line}", file=sys.stderr)
    sys.exit(2)
