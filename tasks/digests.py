"""Identities without asking for them: the digest that DVC will write into `dvc.lock`, and the commit of the code."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

from ganlib.files import digest_file

#: What the pipeline itself writes into tracked files; a change in these does not make the code another one.
OUTPUTS = ("dvc.lock", "*.dvc", "metrics")


def dvc_md5(path: Path) -> str:
    """The id that DVC 3 gives to `path`, a file or a folder, as `dvc.lock` holds it (a folder's ends in ".dir").

    A file's is the MD5 of its bytes. A folder's is the MD5 of the JSON list of its files' `md5` and `relpath`, sorted by
    `relpath`; empty folders do not count, links are followed. Raises `FileNotFoundError` when nothing is there.
    """
    if not path.is_dir():
        return digest_file(path, "md5")
    files = sorted((file.relative_to(path).as_posix(), file) for file in _files(path))
    listing = [{"md5": digest_file(file, "md5"), "relpath": name} for name, file in files]
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


def _files(folder: Path) -> list[Path]:
    return [Path(root, name) for root, _, names in os.walk(folder, followlinks=True) for name in names]


def git_commit(folder: Path = Path()) -> str | None:
    """The commit of the code in `folder`, with "+dirty" when tracked files differ from it; None where git knows none.

    What the pipeline writes (`OUTPUTS`) is no difference: `dvc.lock` is always being changed while a step runs.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    ignored = [f":(top,exclude){pattern}" for pattern in OUTPUTS]
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ":(top)", *ignored)
    return f"{commit}+dirty" if changes else commit


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, or None when it is missing, slow or refuses."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
