"""Git, as a flow uses it: by its plumbing, so that HEAD, the index and the files stay as they are."""

import os
import subprocess

from ganlib.errors import AtelierError

_LIES = "The result lies in the working tree, not committed; nothing is lost."
_NAME, _EMAIL = "Atelier", "atelier@localhost"
#: Where the user has no name; and names of files are names of files, whatever is in them.
_KNOWN = {
    "GIT_AUTHOR_NAME": _NAME,
    "GIT_AUTHOR_EMAIL": _EMAIL,
    "GIT_COMMITTER_NAME": _NAME,
    "GIT_COMMITTER_EMAIL": _EMAIL,
    "GIT_LITERAL_PATHSPECS": "1",
}


def git(*arguments: str, text: str = "", **environment: str) -> str:
    """What git says to a command that is given `text`. Raises `AtelierError` with its own words where it fails."""
    known = {**_KNOWN, **os.environ, **environment}
    try:
        done = subprocess.run(["git", *arguments], input=text, capture_output=True, text=True, env=known)
    except FileNotFoundError:
        raise AtelierError(f"Expected git, found no such program. {_LIES} Install git, or do without --commit.") from None
    if done.returncode:
        raise AtelierError(f"git {arguments[0]}: {done.stderr.strip()}. {_LIES}")
    return done.stdout.strip()


def names(*arguments: str, **environment: str) -> list[str]:
    """The names of files that a command of git lists, asked for as they are (`-z`)."""
    return [name for name in git(arguments[0], "-z", *arguments[1:], **environment).split("\0") if name]
