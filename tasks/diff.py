"""Compare the scores of two revisions: `python -m tasks.diff [OLD] [NEW]`; by itself those of HEAD with those that lie here.

As `dvc metrics diff`, but scores that were not made alike are refused, and a gain is held against the error of its measurement.
"""

import argparse
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from ganlib.errors import AtelierError
from tasks import places
from tasks.cli import run

if TYPE_CHECKING:
    from ganlib.metrics.fingerprint import Comparison, Score


def diff(old: str = "HEAD", new: str | None = None, path: Path = places.SCORES) -> str:
    """A line a score: old and new value with their errors, by how much the new one is better, and whether that is clear.

    `old`, `new`: revisions of git; None is the file as it lies here. Raises `AtelierError` where a revision or its file is
    missing, where it holds no scores, and where the two were not made alike.
    """
    before, after = _scores(old, path), _scores(new, path)
    return table(before, after, old, new or "here")


def table(before: "dict[str, Score]", after: "dict[str, Score]", old: str, new: str) -> str:
    """The scores that both have, compared; then the names of those that only one has, and why some were not compared.

    Raises `AtelierError` where both have some, and none of them were made alike.
    """
    from ganlib.metrics.fingerprint import compare

    rows, refused = [], []
    for name in (name for name in after if name in before):
        try:
            rows.append(_row(compare(after[name], before[name]), before[name], after[name]))
        except AtelierError as error:
            refused.append(str(error))
    if refused and not rows:
        raise AtelierError(refused[0])
    heads = ("score", f"old ({old})", f"new ({new})", "better by", "")
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (heads, *rows)]
    for place, alone in ((old, before.keys() - after.keys()), (new, after.keys() - before.keys())):
        lines += [f"Only {place} has {', '.join(sorted(alone))}."] if alone else []
    return "\n".join([*lines, *refused])


def _row(found: "Comparison", old: "Score", new: "Score") -> tuple[str, ...]:
    gain = f"{found.gain + 0.0:+.4g} ± {found.error:.2g}"  # plus nothing, for zero has no sign
    worse = "clearly worse" if found.clearly_worse else "within the error"
    return (
        found.name,
        *(f"{score.value:.4g} ± {score.error:.2g}" for score in (old, new)),
        gain,
        "clearly better" if found.clear else worse,
    )


def _scores(revision: str | None, path: Path) -> "dict[str, Score]":
    from ganlib.metrics.fingerprint import from_json

    origin = str(path) if revision is None else f"{path} of {revision}"
    text = _here(path) if revision is None else _at(revision, path)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise AtelierError(
            f"{origin}: expected scores as JSON, found otherwise ({error}); nothing was compared. Evaluate again."
        ) from None
    if not isinstance(content, dict):
        raise AtelierError(
            f"{origin}: expected scores by name, found a {type(content).__name__}; nothing was compared. Evaluate again."
        )
    return from_json(content, origin)


def _here(path: Path) -> str:
    if not path.is_file():
        raise AtelierError(f"{path}: expected the scores of an evaluation, found no file; nothing was compared. Run `dvc repro`.")
    return path.read_text(encoding="utf-8")


def _at(revision: str, path: Path) -> str:
    """The file at a revision, of the git repository that it lies in."""
    if _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").returncode:
        raise AtelierError(f"{revision}: expected a commit, branch or tag of git here, found none; nothing was compared.")
    found = _git("show", f"{revision}:./{path.as_posix()}")
    if found.returncode:
        raise AtelierError(
            f"{path} of {revision}: expected the scores of an evaluation, found no such file there; nothing was compared. "
            f"`git log -- {path}` lists the revisions that changed it."
        )
    return found.stdout


def _git(*arguments: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise AtelierError("Expected git, found no such program; nothing was compared. Install git.") from None


def main() -> None:
    """Compare two revisions, print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.diff", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", nargs="?", default="HEAD", help="a commit, branch or tag; HEAD where none is named")
    parser.add_argument("new", nargs="?", help="another; the file as it lies here where none is named")
    args = parser.parse_args()
    print(diff(args.old, args.new))


if __name__ == "__main__":
    run(main)
