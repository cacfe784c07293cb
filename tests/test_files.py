"""Folders that take the place of others: never half there, never another's, never two at once."""

import contextlib
import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ganlib.errors import AtelierError
from ganlib.files import new_folder


def fill(path: Path, text: str, parts: tuple[str, ...] = ("*",)) -> None:
    with new_folder(path, "marker", parts) as folder:
        (folder / "marker").write_text(text)


def names(path: Path) -> list[str]:
    return sorted(child.name for child in path.iterdir())


def test_a_second_process_is_refused_and_takes_nothing(tmp_path: Path) -> None:
    """While one fills a folder another is told so; what the first has written is whole in the end."""
    fill(tmp_path / "out", "old")
    code = """
        from pathlib import Path
        from ganlib.files import new_folder
        with new_folder(Path("out"), "marker") as folder:
            (folder / "marker").write_text("new")
            print("in", flush=True)
            input()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "in\n"
        told = rf"out: process {first.pid} is writing here now\. Nothing was done; wait for it to end"
        with pytest.raises(AtelierError, match=told):
            fill(tmp_path / "out", "mine")
        assert (tmp_path / "out" / "marker").read_text() == "old"
        first.communicate("\n")
    assert first.returncode == 0
    assert (tmp_path / "out" / "marker").read_text() == "new"
    assert names(tmp_path) == ["out"]
    fill(tmp_path / "out", "mine")
    assert (tmp_path / "out" / "marker").read_text() == "mine"


def test_what_a_killed_run_left_is_no_part_of_the_next(tmp_path: Path) -> None:
    """Half of a folder goes; a folder that had just been moved aside for one that never came is put back first."""
    for name in (".out.partial", ".out.replaced"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "marker").write_text(name)
    with contextlib.suppress(ZeroDivisionError), new_folder(tmp_path / "out", "marker") as folder:
        assert names(folder) == []
        raise ZeroDivisionError
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "marker").read_text() == ".out.replaced"


def test_a_link_leads_to_the_folder_that_is_replaced(tmp_path: Path) -> None:
    """The link stays."""
    fill(tmp_path / "real", "old")
    (tmp_path / "link").symlink_to("real")
    fill(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "marker").read_text() == "new"


def test_the_root_of_a_file_system_is_refused_before_any_work() -> None:
    """Another folder cannot take its place."""
    with pytest.raises(AtelierError, match="found the root of a file system"), new_folder(Path("/proc"), "marker"):
        raise AssertionError  # never begun


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    """Without the marker it is not ours."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letters").write_text("dear")
    with pytest.raises(AtelierError, match="found something else, and left it alone"):
        fill(tmp_path / "out", "new")
    assert (tmp_path / "out" / "letters").read_text() == "dear"
    assert names(tmp_path) == ["out"]


def test_what_lies_beside_a_marker_is_not_replaced(tmp_path: Path) -> None:
    """A step that says what it writes leaves a folder alone in which somebody else's files are: markers are common names."""
    fill(tmp_path / "out", "old")
    (tmp_path / "out" / ".DS_Store").touch()
    (tmp_path / "out" / "letters").write_text("dear")
    parts = ("marker", "*.png")
    with pytest.raises(AtelierError, match=r"expected nothing but what this step writes.*found letters, too, and left all alone"):
        fill(tmp_path / "out", "new", parts)
    assert (tmp_path / "out" / "letters").read_text() == "dear"
    (tmp_path / "out" / "letters").rename(tmp_path / "out" / "letters.png")
    fill(tmp_path / "out", "new", parts)
    assert names(tmp_path / "out") == ["marker"]


@pytest.mark.parametrize("place", ["file/out", "/dev/null/out", "/proc/out/out"])
def test_where_no_folder_can_be_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Below a file, and where the system lets nobody make one."""
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(AtelierError, match=f"{place}: expected a place where a folder can be made"):
        fill(Path(place), "new")


def test_the_old_folder_is_back_where_the_new_one_cannot_take_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of the two moves fails: what was there before is there."""
    fill(tmp_path / "out", "old")
    move = os.replace

    def failing(source: Path, target: Path) -> None:
        if Path(source).name == ".out.partial":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        move(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        fill(tmp_path / "out", "new")
    assert (tmp_path / "out" / "marker").read_text() == "old"
    assert names(tmp_path) == ["out"]
