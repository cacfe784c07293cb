"""A new result into a branch of its own, by git's plumbing: HEAD, the index and the files stay as they are."""

import shlex
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows import origin
from flows.git import git, names
from flows.repro import PRODUCTION, Version
from tasks.places import STEPS

#: What DVC recorded about a result; what the steps recorded is named in there.
RECORD = ("dvc.lock", "data.dvc")
#: What it was made with, and goes with it.
RECIPE = ("params.yaml", "dvc.yaml")
#: Bytes beyond which a file that a step read is no recipe, but data.
SMALL = 1_000_000


@dataclass(frozen=True)
class Branch:
    """merge: the commands that merge it. missing: a sentence, what its result was made with that it does not hold, if any."""

    name: str
    merge: str
    missing: str


def commit_results(day: date | None = None) -> Branch | None:
    """Commit the result that lies here to `nightly/<day>-<digest>`; the branch, or None if there is nothing new.

    Nothing is new when HEAD, or an earlier branch of the same digest, holds the same result.
    """
    versions = [PRODUCTION.version(step) for step in STEPS]
    result = [*RECORD, *_outs(versions)]
    held = list(dict.fromkeys([*result, *RECIPE, *_read(versions)]))
    tree = _tree(held)
    digest = _digest(tree, result)
    if digest == _digest("HEAD", result) or git("for-each-ref", f"refs/heads/nightly/*-{digest}"):
        return None
    name = f"nightly/{day or date.today()}-{digest}"
    changed = names("diff-tree", "-r", "--name-only", "HEAD", tree)
    missing = origin.missing(tree, versions)
    told = [f"A new result: {digest}", *([missing] if missing else []), "\n".join(["Other than in the commit before:", *changed])]
    commit = git("commit-tree", tree, "-p", "HEAD", "-m", "\n\n".join(told))
    git("update-ref", f"refs/heads/{name}", commit, "")
    return Branch(name, _merge(name, _holding(held, changed)), missing)


def _outs(versions: Sequence[Version]) -> list[str]:
    """What the steps wrote, inside this folder."""
    return [out["path"] for version in versions for out in version.get("outs", ()) if origin.is_inside(out["path"])]


def _read(versions: Sequence[Version]) -> list[str]:
    """The small files that the steps read, which lie here as they were read: curation/overrides.csv, for one."""
    read = [(name, digests) for name, digests in origin.read(versions).items() if Path(name).is_file()]
    return [name for name, digests in read if Path(name).stat().st_size <= SMALL and digests == {origin.digest(Path(name))}]


def _tree(held: Sequence[str]) -> str:
    """The tree of HEAD with what is to be held put over it as it lies here, by way of an index that is thrown away.

    What git ignores is DVC's to keep.
    """
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git("read-tree", "HEAD", **index)
        known = names("ls-files", "--cached", "--others", "--exclude-standard", "--", *held, **index)
        git("add", "--all", "--", *known, **index)
        return git("write-tree", **index)


def _digest(tree: str, result: Sequence[str]) -> str:
    """Ten digits that stand for the result in `tree`, whatever else is in it."""
    return git("hash-object", "--stdin", text=git("ls-tree", "-r", tree, "--", *result))[:10]


def _holding(held: Sequence[str], changed: Iterable[str]) -> list[str]:
    """Those files and folders of `held` in which something has changed."""
    touched = {str(path) for name in changed for path in (Path(name), *Path(name).parents)}
    return [name for name in held if name in touched]


def _merge(name: str, changed: Sequence[str]) -> str:
    """git merges over no file that is changed, and what the night made lies here: it goes aside first, and is not thrown away,
    for it may have been changed again."""
    return f"git stash push --include-untracked -- {shlex.join(changed)} && git merge {name}"
