"""Identities that DVC and git give, found without asking DVC."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tasks.digests import dvc_md5, git_commit


def _fill(folder: Path) -> None:
    for name, content in {
        "pictures.npy": bytes(range(256)) * 50,
        "info.json": b"{}\r\n",
        "empty": b"",
        "samples/kimg-000010.png": b"png",
        "samples/kimg-000002.png": b"png",
        "samples.txt": b"sorts before samples/ as a path, after it as a tree",
        "Zoë/ein Bild.png": b"umlaut and blank",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "nothing").mkdir()
    (folder / "link.json").symlink_to(folder / "info.json")


def _dvc(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    subprocess.run([sys.executable, "-m", "dvc", *arguments, "-q"], cwd=folder, check=True, env=environment)


def _known(path: Path) -> str:
    return str(YAML().load(path)["outs"][0]["md5"])


def test_digests_are_those_that_dvc_records(tmp_path: Path) -> None:
    """A file, and a folder with sub-folders, an empty one, a link and names that are not ASCII: as `dvc add` has it."""
    _fill(tmp_path / "data")
    (tmp_path / "text.txt").write_bytes(b"lines\r\nof Windows\r\n")
    _dvc(tmp_path, "init", "--no-scm")
    _dvc(tmp_path, "add", "data", "text.txt")
    assert dvc_md5(tmp_path / "data") == _known(tmp_path / "data.dvc")
    assert dvc_md5(tmp_path / "text.txt") == _known(tmp_path / "text.txt.dvc")


def test_a_digest_follows_content_and_names_only(tmp_path: Path) -> None:
    """The folder's own name, the times and an empty folder in it change nothing; a byte or a name does."""
    for name in ("one", "two"):
        _fill(tmp_path / name)
    first = dvc_md5(tmp_path / "one")
    os.utime(tmp_path / "two" / "info.json", (0, 0))
    (tmp_path / "two" / "nothing").rmdir()
    (tmp_path / "two" / "link.json").unlink()
    (tmp_path / "two" / "link.json").write_bytes(b"{}\r\n")
    assert dvc_md5(tmp_path / "two") == first
    (tmp_path / "two" / "info.json").write_bytes(b"{}\n")
    assert dvc_md5(tmp_path / "two") != first
    (tmp_path / "one" / "empty").rename(tmp_path / "one" / "void")
    assert dvc_md5(tmp_path / "one") != first


def test_nothing_has_no_digest(tmp_path: Path) -> None:
    """A path where nothing lies raises, and gets no digest of emptiness."""
    with pytest.raises(FileNotFoundError):
        dvc_md5(tmp_path / "missing")


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_commit_is_marked_dirty_by_code_but_not_by_outputs(tmp_path: Path) -> None:
    """dvc.lock, *.dvc and metrics/ are written by the pipeline itself while it runs; other tracked files count."""
    for name in ("code.py", "dvc.lock", "data.dvc", "metrics/evaluate.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("first")
    _git(tmp_path, "init", "-q")
    assert git_commit(tmp_path) is None  # no commit yet
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "first")
    head = _git(tmp_path, "rev-parse", "HEAD")
    for name in ("dvc.lock", "data.dvc", "metrics/evaluate.json", "untracked.txt"):
        (tmp_path / name).write_text("second")
    assert git_commit(tmp_path) == head
    (tmp_path / "code.py").write_text("second")
    assert git_commit(tmp_path) == f"{head}+dirty"
    assert git_commit(tmp_path / "metrics") == f"{head}+dirty"


def test_no_commit_outside_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a repository, and without git, there is no commit and no error."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit(tmp_path) is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert git_commit(tmp_path) is None
