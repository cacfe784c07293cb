"""A folder as a source: everything in it is accounted for, nothing outside it is touched."""

import os
from pathlib import Path

import pytest
from drawing import encode, pixels, png, put

from ganlib.errors import AtelierError
from ganlib.pictures.sources import found
from ganlib.pictures.sources.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of one picture each, in a folder with junk."""
    root = tmp_path / "photos"
    put(root / "cats" / "1.png", png(1))
    put(root / "dogs" / "deep" / "2.jpg", encode(pixels(2), "JPEG"))
    for junk in (".DS_Store", "Thumbs.db", "cats/._1.png", "__MACOSX/cats/1.png", ".git/x.png"):
        put(root / junk, b"junk")
    return root


def _problems(source: Folder) -> dict[str, str | None]:
    return {picture.name: picture.problem for picture in source.pictures()}


def test_pictures_are_found_in_order_without_junk(folder: Path) -> None:
    """Names are paths within the folder; what systems leave behind is not listed; the class is the topmost sub-folder."""
    put(folder / "0.png", png(0))
    pictures = list(Folder(str(folder), licence="CC0 1.0").pictures())
    assert [(p.name, p.labels) for p in pictures] == [
        ("0.png", {}),
        ("cats/1.png", {"class": "cats"}),
        ("dogs/deep/2.jpg", {"class": "dogs"}),
    ]
    assert {(p.source, p.licence, p.problem) for p in pictures} == {("photos", "CC0 1.0", None)}
    assert pictures[1].data == png(1)
    assert Folder(str(folder)).count() == 3


def test_refused_files_are_listed_with_their_reason(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text file with a picture's name, an empty file and one that is too large are rows without bytes."""
    put(folder / "text.png", b"I am no picture")
    put(folder / "empty.png", b"")
    put(folder / "large.png", png(size=64))
    monkeypatch.setattr(found, "LARGEST", 1000)
    monkeypatch.setattr("ganlib.pictures.sources.folder.LARGEST", 1000)
    pictures = {picture.name: picture for picture in Folder(str(folder)).pictures()}
    for name, problem in (("text.png", "not-a-picture"), ("empty.png", "empty-file"), ("large.png", "too-large-file")):
        assert (pictures[name].problem, pictures[name].data) == (problem, b"")


def test_a_label_finds_a_name_that_is_no_text(folder: Path, tmp_path: Path) -> None:
    """By the name that is shown for it, in which a backslash stands between no folders."""
    put(folder / os.fsdecode(b"caf\xe9.png"), png(3))
    table = tmp_path / "labels.csv"
    table.write_text('path,hair\n"caf\\xe9.png",long\ncats\\1.png,short\n')
    labels = {picture.name: picture.labels.get("hair") for picture in Folder(str(folder), labels=str(table)).pictures()}
    assert labels == {"caf\\xe9.png": "long", "cats/1.png": "short", "dogs/deep/2.jpg": None}


@pytest.mark.threat("links that lead out of a folder of pictures", found="listed, not followed")
def test_links_are_followed_only_inside(folder: Path, tmp_path: Path) -> None:
    """A link that leaves the folder is not read; one that stays is; a loop, a dead end and a pipe are only listed."""
    secret = put(tmp_path / "secret" / "s.png", png(9))
    (folder / "out.png").symlink_to(secret)
    (folder / "outdir").symlink_to(secret.parent)
    (folder / "in.png").symlink_to(folder / "cats" / "1.png")
    (folder / "indir").symlink_to(folder / "cats")
    (folder / "dead.png").symlink_to(folder / "nowhere.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    os.mkfifo(folder / "pipe.png")
    pictures = {picture.name: picture for picture in Folder(str(folder)).pictures()}
    problems = {name: picture.problem for name, picture in pictures.items() if picture.problem}
    assert problems == {
        "out.png": "link-outside",
        "outdir": "link-outside",
        "dead.png": "broken-link",
        "loop.png": "broken-link",
        "pipe.png": "not-a-file",
        "indir": "not-a-file",
    }
    assert pictures["in.png"].data == png(1)
    assert not any(picture.data == png(9) for picture in pictures.values())


def test_a_name_that_is_no_text_is_still_a_name(folder: Path) -> None:
    """A file whose name is not UTF-8 is read and named with escapes."""
    put(Path(os.fsdecode(os.fsencode(folder) + b"/\xff.png")), png(3))
    assert _problems(Folder(str(folder)))["\\xff.png"] is None


def test_labels_come_from_a_table(folder: Path) -> None:
    """Columns of numbers become numbers, empty cells no label, and the table itself is no picture."""
    put(folder / "labels.csv", b"name;age;mood\ncats/1.png;3;\ndogs/deep/2.jpg;;glad\n")
    labels = {p.name: p.labels for p in Folder(str(folder), labels="labels.csv").pictures()}
    assert labels == {
        "cats/1.png": {"class": "cats", "age": 3.0, "mood": None},
        "dogs/deep/2.jpg": {"class": "dogs", "age": None, "mood": "glad"},
    }


def test_what_a_table_leaves_open_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which pictures it does not name; and which cell makes words of a column of numbers."""
    put(folder / "dogs" / "3.png", png(3))
    put(folder / "dogs" / "4.png", png(4))
    put(folder / "labels.csv", b"name,age\ncats/1.png,3\ndogs/3.png,n/a\ndogs/4.png,2.5\n")
    labels = {p.name: p.labels.get("age") for p in Folder(str(folder), labels="labels.csv").pictures()}
    assert labels == {"cats/1.png": "3", "dogs/3.png": "n/a", "dogs/4.png": "2.5", "dogs/deep/2.jpg": None}
    mixed, bare = capsys.readouterr().err.splitlines()
    assert mixed.endswith(
        "labels.csv:3: column age has 2 numbers, and n/a here, so that all of it counts as words. "
        "Leave a cell empty where there is no number."
    )
    assert bare.endswith("labels.csv: 1 of 4 pictures have no row in it, and none of its labels: dogs/deep/2.jpg.")


def test_lines_of_blanks_are_no_rows(folder: Path) -> None:
    """As editors and spreadsheets leave them, between others or at the end."""
    put(folder / "labels.csv", b"name,age\ncats/1.png,3\n  \n\ndogs/deep/2.jpg,4\n,\n\t\n")
    labels = {p.name: p.labels["age"] for p in Folder(str(folder), labels="labels.csv").pictures()}
    assert labels == {"cats/1.png": 3.0, "dogs/deep/2.jpg": 4.0}


def test_a_folder_is_no_table(folder: Path) -> None:
    """Nor is a place below a file."""
    with pytest.raises(AtelierError, match=r"cats: expected a CSV file, found a folder\. Name a file"):
        list(Folder(str(folder), labels="cats").pictures())
    with pytest.raises(AtelierError, match=r"expected a CSV file of labels, found nothing there"):
        list(Folder(str(folder), labels=str(folder / "cats" / "1.png" / "labels.csv")).pictures())


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"name,a\ncats/1.png,1\nbirds/9.png,2\n", r"found 1 of 2 that match none: birds/9\.png"),
        (b"file,a\ncats/1.png,1\n", r"labels\.csv:1: expected a column name or path, found file, a"),
        (b"path,a\ncats/1.png,1\ncats/1.png,2\n", r"found two for cats/1\.png"),
        (b"path,a\ncats/1.png\n", r"labels\.csv:2: expected 2 cells, as in the header, found 1"),
        (b"path,a\ncats/1.png,\xff\n", r"expected UTF-8 text, found a byte that is none at offset"),
        (b"path,a,b, a\ncats/1.png,1,2,3\n", r"labels\.csv:1: expected every column once, found a twice"),
        (b"", r"labels\.csv:1: expected a column name or path, found no header"),
    ],
)
def test_a_table_that_does_not_fit_is_one_error(folder: Path, table: bytes, message: str) -> None:
    """The error names the table, the line or the rows, and what is wrong with them."""
    put(folder / "labels.csv", table)
    with pytest.raises(AtelierError, match=message):
        list(Folder(str(folder), labels="labels.csv").pictures())


def test_a_missing_or_empty_folder_is_one_error(tmp_path: Path) -> None:
    """The error names the folder and what was expected in it."""
    with pytest.raises(AtelierError, match=r"none: expected a folder of pictures, found nothing there"):
        Folder(str(tmp_path / "none")).count()
    (tmp_path / "empty").mkdir()
    with pytest.raises(AtelierError, match=r"empty: expected pictures in this folder, found no file"):
        Folder(str(tmp_path / "empty")).count()
    put(tmp_path / "file.zip", b"x")
    with pytest.raises(AtelierError, match=r"file\.zip: expected a folder of pictures, found a file"):
        Folder(str(tmp_path / "file.zip")).count()


def test_two_names_that_are_one_as_text_stay_two(folder: Path) -> None:
    """A byte that is no text is shown as an escape, which may be another file's name as it stands."""
    put(Path(os.fsdecode(os.fsencode(folder) + b"/n\xe9.png")), png(3))
    put(Path(os.fsdecode(os.fsencode(folder) + b"/n\\xe9.png")), png(4))
    pictures = {picture.name: picture.data for picture in Folder(str(folder)).pictures()}
    assert pictures["n\\xe9.png"] == png(4)
    assert pictures["n\\xe9.png#2"] == png(3)


def test_a_folder_whose_own_name_is_no_text_is_read(tmp_path: Path) -> None:
    """Its pictures say where they come from, with escapes."""
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/pics\xe9"))
    put(root / "1.png", png(1))
    assert [picture.source for picture in Folder(str(root)).pictures()] == ["pics\\xe9"]


@pytest.mark.threat("a folder that becomes a link out of the source while it is read", found="listed, not followed")
def test_a_link_that_comes_in_the_meantime_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """Nor is a pipe waited for that takes the place of a file; a file that went is a row."""
    put(tmp_path / "secret" / "1.png", png(9))
    put(folder / "0.png", png(0))
    put(folder / "z.png", png(8))
    pictures = Folder(str(folder)).pictures()
    assert next(pictures).name == "0.png"
    (folder / "cats").rename(tmp_path / "cats")
    (folder / "cats").symlink_to(tmp_path / "secret")
    (folder / "dogs" / "deep" / "2.jpg").unlink()
    (folder / "z.png").unlink()
    os.mkfifo(folder / "z.png")
    assert {picture.name: (picture.problem, picture.data) for picture in pictures} == {
        "cats/1.png": ("link-outside", b""),
        "dogs/deep/2.jpg": ("not-a-file", b""),
        "z.png": ("not-a-file", b""),
    }


def test_a_file_that_grows_is_read_to_its_end_and_no_further(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the limit; beyond it, it is too large, whatever its size was when it was found."""
    put(folder / "0.png", png(0) + b"more")
    monkeypatch.setattr(found, "LARGEST", 1000)
    monkeypatch.setattr("ganlib.pictures.sources.folder.LARGEST", 1000)
    before, size = os.fstat, len(png(0))

    def smaller(handle: int) -> os.stat_result:
        values = list(before(handle))
        return os.stat_result([*values[:6], min(values[6], size), *values[7:]])

    monkeypatch.setattr(os, "fstat", smaller)
    assert next(Folder(str(folder)).pictures()).data == png(0) + b"more"
    put(folder / "0.png", png(0) + bytes(5000))
    assert next(Folder(str(folder)).pictures()).problem == "too-large-file"


def test_a_folder_too_deep_for_the_system_is_a_row(folder: Path) -> None:
    """And costs no other picture."""
    before, place = os.getcwd(), folder
    try:
        for _ in range(20):  # 20 of 250 letters are more than a path may have
            os.chdir(place)
            place = Path("d" * 250)
            place.mkdir()
    finally:
        os.chdir(before)
    assert sorted(_problems(Folder(str(folder))).values(), key=str) == [None, None, "unreadable-file"]


def test_a_path_may_begin_at_home(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No shell sees what stands in params.yaml."""
    monkeypatch.setenv("HOME", str(tmp_path))
    put(tmp_path / "labels.csv", b"name,age\ncats/1.png,3\n")
    pictures = list(Folder("~/photos", labels="~/labels.csv").pictures())
    assert [(picture.source, picture.labels.get("age")) for picture in pictures] == [("photos", 3.0), ("photos", None)]


def test_many_links_to_folders_leave_nothing_open(folder: Path) -> None:
    """Each is a row; what is opened to be looked at is closed."""
    for number in range(30):
        (folder / f"l{number}").symlink_to(folder / "cats")
    before = len(os.listdir("/proc/self/fd"))
    problems = list(_problems(Folder(str(folder))).values())
    assert problems.count("not-a-file") == 30
    assert len(os.listdir("/proc/self/fd")) == before
