"""The parameters can be read, and the code is that of a commit."""

from pathlib import Path

from tasks.digests import git_commit
from tasks.doctor.base import Finding, State

NAME = "environment"


def check(fix: bool) -> Finding:
    """params.yaml first: without it nothing else here can be known."""
    from ganlib.config import load

    load()
    commit = git_commit()
    if commit is None:
        return Finding(NAME, "warn", "params.yaml is good; git knows no commit here.", "git init, and commit: results name it.")
    if commit.endswith("+dirty"):
        advice = "git commit: a result names the commit that it was made by."
        return Finding(NAME, "warn", f"params.yaml is good; tracked files differ from commit {commit[:8]}.", advice)
    modules = "" if Path(".dvc").is_dir() else "; .dvc is missing"
    state: State = "bad" if modules else "ok"
    return Finding(NAME, state, f"params.yaml is good, commit {commit[:8]}{modules}.", "git checkout .dvc" if modules else "")
