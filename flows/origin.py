"""Whether a tree of git holds what a result was made with: `dvc.lock` says what that was."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from flows.git import git, names
from flows.repro import Version
from tasks.doctor.base import listed


def missing(tree: str, versions: Sequence[Version]) -> str:
    """A sentence that names parameters and code that are other in `tree` than the steps found them; empty if none are.

    Never raises: a night edits nothing, but a person may while it trains, and the result is worth keeping all the same.
    """
    try:
        other = [*_knobs(tree, versions), *_code(tree, versions)]
    except Exception as error:
        return f"Whether it holds all that the result was made with could not be found out ({type(error).__name__}: {error})."
    if not other:
        return ""
    return (
        f"It does not hold all that the result was made with; other in it than dvc.lock says: {listed(other, most=10)}. "
        "`dvc repro` there would redo the steps concerned."
    )


def read(versions: Sequence[Version]) -> dict[str, set[str]]:
    """The files and folders in this project that the steps read, each with its digests then: it may have changed in between."""
    found: dict[str, set[str]] = {}
    for dependency in (one for version in versions for one in version.get("deps", ())):
        if is_inside(dependency["path"]) and "md5" in dependency:
            found.setdefault(dependency["path"], set()).add(dependency["md5"])
    return found


def is_inside(path: str) -> bool:
    """Whether a path that DVC names lies in this folder."""
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def digest(path: Path) -> str:
    """The digest that DVC gives a file, or a folder: that of the list of the files in it."""
    if path.is_file():
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    files = {file.relative_to(path).as_posix(): digest(file) for file in path.rglob("*") if file.is_file()}
    content = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    return hashlib.md5(json.dumps(content).encode(), usedforsecurity=False).hexdigest() + ".dir"


def _knobs(tree: str, versions: Sequence[Version]) -> Iterator[str]:
    """Parameters, by their dotted names."""
    for version in versions:
        for file, known in version.get("params", {}).items():
            here = YAML(typ="safe").load(git("show", f"{tree}:./{file}"))
            for name, value in known.items():
                yield from _other(name, value, _at(here, name))


def _at(knobs: Any, name: str) -> Any:
    for key in name.split("."):
        knobs = knobs.get(key) if isinstance(knobs, Mapping) else None
    return knobs


def _other(name: str, was: Any, now: Any) -> Iterator[str]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in [*was, *(key for key in now if key not in was)]:
            yield from _other(f"{name}.{key}", was.get(key), now.get(key))
    elif was != now:
        yield name


def _code(tree: str, versions: Sequence[Version]) -> list[str]:
    """Files and folders; what git does not know, DVC keeps: it is not looked at."""
    known = read(versions)
    there = names("ls-tree", "-r", "--name-only", tree, "--", *known)
    new = names("ls-files", "--others", "--exclude-standard", "--", *known)
    touched = {str(path) for name in (*there, *new) for path in (Path(name), *Path(name).parents)}
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        root = Path(folder) / "tree" / git("rev-parse", "--show-prefix")
        git("read-tree", tree, **index)
        git("checkout-index", "-z", "--stdin", f"--prefix={folder}/tree/", text="\0".join(there), **index)
        return [name for name in known if name in touched and known[name] != {digest(root / name)}]
