"""A new result into a branch of its own, by git's plumbing: HEAD, the index and the files stay as they are."""

import os
import subprocess
import tempfile
from datetime import date
from pathlib import Path

from ganlib.errors import AtelierError

#: What DVC and the steps recorded about a result.
RESULT = ("dvc.lock", "data.dvc", "metrics")
#: What it was made with, and goes with it.
RECIPE = ("params.yaml", "dvc.yaml")


def commit_results(day: date | None = None) -> str | None:
    """Commit the result that lies here to `nightly/<day>-<digest>`; the branch's name, or None if there is nothing new.

    Nothing is new when HEAD, or an earlier branch of the same digest, holds the same result.
    """
    tree = _tree()
    digest = _digest(tree)
    if digest == _digest("HEAD") or _git("for-each-ref", f"refs/heads/nightly/*-{digest}"):
        return None
    name = f"nightly/{day or date.today()}-{digest}"
    changed = _git("diff-tree", "-r", "--name-only", "HEAD", tree)
    commit = _git(
        "commit-tree", tree, "-p", "HEAD", "-m", f"A new result: {digest}\n\nOther than in the commit before:\n{changed}"
    )
    _git("update-ref", f"refs/heads/{name}", commit, "")
    return name


def _tree() -> str:
    """The tree of HEAD with the result that lies here put over it, written by way of an index that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git("read-tree", "HEAD", **index)
        _git("add", "--all", "--", *(name for name in RESULT + RECIPE if Path(name).exists()), **index)
        return _git("write-tree", **index)


def _digest(tree: str) -> str:
    """Ten digits that stand for the result in `tree`, whatever else is in it."""
    return _git("hash-object", "--stdin", text=_git("ls-tree", "-r", tree, "--", *RESULT))[:10]


def _git(*arguments: str, text: str = "", **environment: str) -> str:
    name, email = "Atelier", "atelier@localhost"
    author = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": email}
    known = {**author, **os.environ, **environment}
    done = subprocess.run(["git", *arguments], input=text, capture_output=True, text=True, env=known)
    if done.returncode:
        raise AtelierError(
            f"git {arguments[0]}: {done.stderr.strip()}. The result lies in the working tree, not committed; nothing is lost."
        )
    return done.stdout.strip()
