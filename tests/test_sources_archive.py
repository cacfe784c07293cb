"""An archive as a source: read without unpacking, distrusted."""

import gzip
import io
import os
import re
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from drawing import png, put

from ganlib.errors import AtelierError
from ganlib.pictures.sources import archive
from ganlib.pictures.sources.archive import Archive


def _zip(path: Path, members: dict[str, bytes]) -> Archive:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return Archive(str(path))


def _tar(path: Path, members: dict[str, bytes], *others: tarfile.TarInfo) -> Archive:
    with tarfile.open(path, {".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}.get(path.suffix, "w")) as packed:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
        for info in others:
            packed.addfile(info)
    return Archive(str(path))


@pytest.mark.parametrize("name", ["p.zip", "p.tar", "p.tar.gz", "p.tar.bz2", "p.tar.xz"])
def test_pictures_come_out_with_their_class(tmp_path: Path, name: str) -> None:
    """Members come in the archive's order, labelled by their topmost folder, junk left out."""
    pack = _zip if name.endswith("zip") else _tar
    source = pack(tmp_path / name, {"b/2.png": png(2), "a/1.png": png(1), "__MACOSX/a/._1.png": b"junk", "note.png": b"text"})
    assert source.count() == 3
    assert [(p.name, p.data, p.labels, p.problem) for p in source.pictures()] == [
        ("b/2.png", png(2), {"class": "b"}, None),
        ("a/1.png", png(1), {"class": "a"}, None),
        ("note.png", b"", {}, "not-a-picture"),
    ]


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_one_folder_around_all_others_is_no_class(tmp_path: Path, form: str) -> None:
    """As `zip -r pets.zip pets` packs it: classes are those of the folder itself, names are those in the archive."""
    members = {"pets/cats/1.png": png(1), "pets/dogs/old/2.png": png(2), "pets/3.png": png(3), "__MACOSX/pets/._3.png": b"junk"}
    (_zip if form == "zip" else _tar)(tmp_path / f"pets.{form}", members)
    table = put(tmp_path / "t.csv", b"path,age\npets/cats/1.png,4\n")
    pictures = Archive(str(tmp_path / f"pets.{form}"), labels=str(table)).pictures()
    assert [(p.name, p.data, p.labels) for p in pictures] == [
        ("pets/cats/1.png", png(1), {"class": "cats", "age": 4.0}),
        ("pets/dogs/old/2.png", png(2), {"class": "dogs"}),
        ("pets/3.png", png(3), {}),
    ]


@pytest.mark.parametrize(
    "others",
    [{}, {"pets/notes/read.txt": b"text"}, {"pets/old/2.png": png(2), "wild/3.png": png(3)}],
    ids=["no folder in it", "a folder without pictures in it", "another folder beside it"],
)
def test_a_folder_that_wraps_no_others_is_a_class(tmp_path: Path, others: dict[str, bytes]) -> None:
    """It says something about the pictures in it."""
    pictures = list(_zip(tmp_path / "p.zip", {"pets/1.png": png(1), **others}).pictures())
    assert [p.labels["class"] for p in pictures] == [p.name.split("/")[0] for p in pictures]


@pytest.mark.threat("an archive with `../`, absolute or odd names", found="refused whole, with the name")
@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/etc/evil.png", "..\\evil.png", "C:/evil.png"])
@pytest.mark.parametrize("form", ["zip", "tar"])
def test_a_name_outside_the_archive_refuses_it(tmp_path: Path, name: str, form: str) -> None:
    """The error names the archive and the member; nothing is written anywhere."""
    folder = tmp_path / "in"
    folder.mkdir()
    source = (_zip if form == "zip" else _tar)(folder / f"p.{form}", {"good.png": png(), name: png(1)})
    with pytest.raises(AtelierError, match=rf"p\.{form}: expected names inside the archive, found .*evil\.png"):
        list(source.pictures())
    assert [path.name for path in tmp_path.rglob("*")] == ["in", f"p.{form}"]


@pytest.mark.threat("an archive in an archive", found="listed, not opened")
@pytest.mark.parametrize("inner", ["p.zip", "p.tar", "p.tar.gz", "p.tar.xz", "p.tar.bz2"])
def test_an_archive_inside_an_archive_is_not_opened(tmp_path: Path, inner: str) -> None:
    """Whatever it is called; it is a row with its reason."""
    (_zip if inner.endswith("zip") else _tar)(tmp_path / inner, {"deep.png": png(7)})
    source = _zip(tmp_path / "outer.zip", {"a.png": png(), "b.png": (tmp_path / inner).read_bytes()})
    assert {p.name: p.problem for p in source.pictures()} == {"a.png": None, "b.png": "archive"}


def test_a_zip_at_the_end_of_a_tar_is_not_taken_for_the_archive(tmp_path: Path) -> None:
    """Although the file ends as a zip does."""
    inner = _zip(tmp_path / "p.zip", {"deep.png": png(7)})
    source = _tar(tmp_path / "p.tar", {"a.png": png(), "p.zip": Path(inner.path).read_bytes()})
    assert {p.name: p.problem for p in source.pictures()} == {"a.png": None, "p.zip": "archive"}


@pytest.mark.threat("links and devices in an archive", found="listed, not followed")
def test_links_and_devices_in_a_tar_are_only_listed(tmp_path: Path) -> None:
    """A link is not followed, a device is not opened; both are rows with their reason."""
    link, device = tarfile.TarInfo("link.png"), tarfile.TarInfo("device.png")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    device.type = tarfile.CHRTYPE
    source = _tar(tmp_path / "p.tar", {"a.png": png()}, link, device)
    assert {p.name: p.problem for p in source.pictures()} == {"a.png": None, "link.png": "link", "device.png": "not-a-file"}


@pytest.mark.threat("links and devices in an archive", found="listed, not followed")
def test_a_link_in_a_zip_is_only_listed(tmp_path: Path) -> None:
    """A member that the zip marks as a symbolic link is not taken for a picture."""
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as packed:
        packed.writestr(link, "/etc/passwd")
    assert [p.problem for p in Archive(str(tmp_path / "p.zip")).pictures()] == ["link"]


@pytest.mark.threat("an archive that grows beyond count, size or ratio", found="refused before it is unpacked")
@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("SMALL", 100_000, "unpacks to over 200 times its size"),
        ("MEMBERS", 1, "at most 1 files, found more"),
        ("UNPACKED", 500_000, "at most 500,000 bytes unpacked, found more"),
    ],
)
def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, message: str) -> None:
    """Too many members, too many bytes, or a size out of all proportion is one error."""
    source = _zip(tmp_path / "p.zip", {"a.png": bytes(300_000), "b.png": bytes(300_000)})
    assert source.count() == 2
    monkeypatch.setattr(archive, limit, value)
    with pytest.raises(AtelierError, match=message):
        source.count()


def test_a_damaged_member_is_a_row_and_the_rest_is_read(tmp_path: Path) -> None:
    """A member whose checksum is wrong, or that is larger than the limit, does not stop the others."""
    source = _zip(tmp_path / "p.zip", {"a.png": png(1), "b.png": png(2)})
    data = bytearray((tmp_path / "p.zip").read_bytes())
    data[60] ^= 0xFF  # within the compressed bytes of a.png
    (tmp_path / "p.zip").write_bytes(data)
    assert [(p.name, p.problem) for p in source.pictures()] == [("a.png", "damaged-in-archive"), ("b.png", None)]


def test_a_member_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a row without bytes."""
    monkeypatch.setattr(archive, "LARGEST", 100)
    assert [p.problem for p in _zip(tmp_path / "p.zip", {"a.png": png()}).pictures()] == ["too-large-file"]


def test_two_members_of_one_name_are_both_kept(tmp_path: Path) -> None:
    """The second gets a number, since a tar may be appended to."""
    with tarfile.open(tmp_path / "p.tar", "w") as packed:
        for seed in (1, 2):
            info = tarfile.TarInfo("a.png")
            info.size = len(png(seed))
            packed.addfile(info, io.BytesIO(png(seed)))
    assert [(p.name, p.data) for p in Archive(str(tmp_path / "p.tar")).pictures()] == [("a.png", png(1)), ("a.png#2", png(2))]


def test_labels_come_from_a_table_beside_it(tmp_path: Path) -> None:
    """Rows are matched by the member's name; one that matches none is listed."""
    _zip(tmp_path / "p.zip", {"a.png": png()})
    table = put(tmp_path / "t.csv", b"path,age\na.png,4\n")
    for named in (str(table), table.name):  # from here, or from where the archive lies
        assert [p.labels for p in Archive(str(tmp_path / "p.zip"), labels=named).pictures()] == [{"age": 4.0}]
    put(table, b"path,age\na.png,4\nb.png,5\n")
    with pytest.raises(AtelierError, match=r"match none: b\.png"):
        list(Archive(str(tmp_path / "p.zip"), labels=str(table)).pictures())


def test_what_is_no_archive_is_one_error(tmp_path: Path) -> None:
    """A missing file, a text file, a folder and a zip cut short are told apart."""
    with pytest.raises(AtelierError, match="expected a zip or tar archive, found nothing there"):
        Archive(str(tmp_path / "none.zip")).count()
    with pytest.raises(AtelierError, match="found something else"):
        Archive(str(put(tmp_path / "t.zip", b"text"))).count()
    with pytest.raises(AtelierError, match="found something else"):
        Archive(str(tmp_path)).count()
    _zip(tmp_path / "p.zip", {"a.png": png()})
    put(tmp_path / "cut.zip", (tmp_path / "p.zip").read_bytes()[:200])
    with pytest.raises(AtelierError, match="found a zip that is cut short"):
        Archive(str(tmp_path / "cut.zip")).count()
    _tar(tmp_path / "p.tar.gz", {f"{i}.png": png(i) for i in range(20)})
    put(tmp_path / "cut.tar.gz", (tmp_path / "p.tar.gz").read_bytes()[:-900])
    with pytest.raises(AtelierError, match="expected a whole archive, found it damaged"):
        Archive(str(tmp_path / "cut.tar.gz")).count()


def _offsets(path: Path) -> list[int]:
    """Where its members begin, and where the last one ends."""
    with tarfile.open(path) as packed:
        return [*(member.offset for member in packed), packed.offset]


@pytest.mark.parametrize("kind", ["header", "cut at a header", "cut in a header", "zeros", "no end"])
def test_a_damaged_tar_loses_no_picture_silently(tmp_path: Path, kind: str) -> None:
    """A header that is damaged, cut, gone or blank in the midst of a tar is no end of it."""
    source = _tar(tmp_path / "p.tar", {f"{i}.png": png(i) for i in range(5)})
    whole, offsets = (tmp_path / "p.tar").read_bytes(), _offsets(tmp_path / "p.tar")
    place = offsets[3]
    damaged = {
        "header": whole[: place + 10] + b"\xff" + whole[place + 11 :],
        "cut at a header": whole[:place],
        "cut in a header": whole[: place + 100],
        "zeros": whole[:place] + bytes(512) + whole[place + 512 :],
        "no end": whole[: offsets[-1]],
    }
    put(tmp_path / "p.tar", damaged[kind])
    for read in (source.count, lambda: list(source.pictures())):
        with pytest.raises(AtelierError, match=r"p\.tar: expected a whole archive, found it damaged \(at byte [\d,]+ of the tar"):
            read()


@pytest.mark.parametrize("blocks", [1, 2, 100])
def test_a_tar_may_end_with_few_or_many_blocks_of_zeros(tmp_path: Path, blocks: int) -> None:
    """One will do, as for GNU tar; others fill up with many."""
    source = _tar(tmp_path / "p.tar", {"a.png": png()})
    put(tmp_path / "p.tar", (tmp_path / "p.tar").read_bytes()[: _offsets(tmp_path / "p.tar")[-1]] + bytes(512 * blocks))
    assert (source.count(), [p.data for p in source.pictures()]) == (1, [png()])


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.95, -5], ids=str)
@pytest.mark.parametrize("form", ["gz", "bz2", "xz"])
def test_a_packed_tar_that_is_cut_is_damaged(tmp_path: Path, form: str, kept: float) -> None:
    """Wherever it is cut."""
    source = _tar(tmp_path / f"p.tar.{form}", {f"{i}.png": png(i) for i in range(20)})
    whole = Path(source.path).read_bytes()
    put(Path(source.path), whole[: int(kept * len(whole)) if kept > 0 else int(kept)])
    with pytest.raises(AtelierError, match=r"found it damaged|found a packed file that is damaged or holds no tar\. Fetch"):
        source.count()


@pytest.mark.parametrize("form", ["gz", "bz2", "xz"])
def test_a_packed_tar_with_a_wrong_byte_is_damaged(tmp_path: Path, form: str) -> None:
    """It is one sentence, whatever who unpacks it calls it."""
    source = _tar(tmp_path / f"p.tar.{form}", {f"{i}.png": png(i, 128) for i in range(30)})  # more than one block of bz2
    data = bytearray(Path(source.path).read_bytes())
    data[-len(data) // 10] ^= 0xFF
    put(Path(source.path), data)
    with pytest.raises(AtelierError, match="expected a whole archive, found it damaged"):
        source.count()


END = bytes(1024)


def _header(name: str, size: int, kind: bytes = b"0") -> bytes:
    """The block before a member, whatever it claims."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def _member(name: str, data: bytes, kind: bytes = b"0") -> bytes:
    return _header(name, len(data), kind) + data + bytes(-len(data) % 512)


def _pax(key: str, value: str, kind: bytes = b"x") -> bytes:
    """Attributes of the next member (x), or of all that follow (g)."""
    rest = f" {key}={value}\n"
    length = next(n for n in range(len(rest), len(rest) + 9) if len(f"{n}{rest}") == n)
    return _member("pax", f"{length}{rest}".encode(), kind)


def _more(header: bytes) -> bytes:
    """An old sparse header that says that another block of it follows."""
    block = bytearray(header)
    block[482], block[148:156] = 1, b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


MIB = 4
ENDLESS = {
    "a long name": _member("L", b"a" * MIB * 2**20, b"L"),
    "the name of a link": _member("K", b"a" * MIB * 2**20, b"K"),
    "attributes": _member("x", b"a" * MIB * 2**20, b"x"),
    "attributes of all members": _member("g", b"a" * MIB * 2**20, b"g"),
    "a long name without an end": _header("L", -512, b"L") + b"a" * MIB * 2**20,
    "headers in a row": _member("L", b"a", b"L") * (MIB * 1024),
    "a table of holes": _more(_header("s", 0, b"S")) + (b"00000000001\0" * 42 + b"\1" * 8) * (MIB * 2048),
    "a table of holes among attributes": _pax("GNU.sparse.major", "1") + _pax("GNU.sparse.minor", "0") + b"1" * MIB * 2**20,
}


@pytest.mark.threat("a tar with endless headers", found="refused before they are read")
@pytest.mark.parametrize("place", ["at the start", "behind a picture"])
@pytest.mark.parametrize("kind", ENDLESS)
def test_endless_headers_in_a_tar_are_refused_unread(tmp_path: Path, kind: str, place: str) -> None:
    """Nothing in a tar may take much memory, a member's name as little as its data."""
    before = b"" if place == "at the start" else _member("a.png", png())
    path = put(tmp_path / "p.tar.gz", gzip.compress(before + ENDLESS[kind] + _member("b.png", png()) + END))
    tracemalloc.start()
    with pytest.raises(AtelierError, match=r"p\.tar\.gz: expected a whole archive, found it damaged \(.*\)\. Fetch or pack it"):
        Archive(str(path)).count()
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < MIB * 2**20 / 2


def test_a_long_name_is_read(tmp_path: Path) -> None:
    """Long ones are no attack, whichever way they are written."""
    name = "/".join(["folder"] * 500) + "/a.png"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / "p.tar", "w", format=form) as packed:
            info = tarfile.TarInfo(name)
            info.size = len(png())
            packed.addfile(info, io.BytesIO(png()))
        assert [(p.name, p.data) for p in Archive(str(tmp_path / "p.tar")).pictures()] == [(name, png())]


@pytest.mark.threat("an archive that grows beyond count, size or ratio", found="refused before it is unpacked")
@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [("NAMES", 500_000, "at most 500,000 characters of names, found more"), ("SMALL", 500_000, "unpacks to over 200 times")],
)
def test_a_bomb_of_names_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, message: str
) -> None:
    """Headers count as what is in them does."""
    named = b"".join(_member("L", f"{number}{'a' * 200_000}".encode(), b"L") + _member("a", b"") for number in range(3))
    source = Archive(str(put(tmp_path / "p.tar.gz", gzip.compress(named + END))))
    assert source.count() == 3
    monkeypatch.setattr(archive, limit, value)
    with pytest.raises(AtelierError, match=message):
        source.count()


@pytest.mark.parametrize(("number", "refused"), [(100, False), (101, True)])
def test_many_attributes_for_all_members_are_refused(tmp_path: Path, number: int, refused: bool) -> None:
    """Each member would get a copy of them."""
    members = b"".join(_pax(f"note{i}", "", b"g") + _member(f"{i}.png", png()) for i in range(number))
    source = Archive(str(put(tmp_path / "p.tar", members + END)))
    if refused:
        with pytest.raises(AtelierError, match="more than 100 attributes are to hold for all its members"):
            source.count()
    else:
        assert source.count() == number


NEGATIVE = {
    "of a file": _header("b.png", -512 * 6),
    "of a link": _header("link", -(2**50), b"2"),
    "back to a member before it": _header("b.png", -512),
    "among attributes": _pax("size", "-2048") + _header("b.png", 0),
    "among the attributes of a sparse one": _pax("GNU.sparse.realsize", "-5") + _header("b.png", 0),
}


@pytest.mark.threat("an archive that grows beyond count, size or ratio", found="refused before it is unpacked")
@pytest.mark.parametrize("kind", NEGATIVE)
def test_a_size_below_zero_is_damage(tmp_path: Path, kind: str) -> None:
    """It would have been taken off what has been counted so far, or led backwards for ever."""
    path = put(tmp_path / "p.tar", _member("a.png", png()) + NEGATIVE[kind] + _member("c.png", png(1)) + END)
    with pytest.raises(AtelierError, match=r"found it damaged \(the member at byte [\d,]+ of the tar is to have -[\d,]+ bytes\)"):
        Archive(str(path)).count()


ODD = {
    "headers too deep": _header("L", 0, b"L") * 500 + _member("a.png", png()),
    "a map of holes that are no numbers": _pax("GNU.sparse.map", "a,b") + _member("a.png", png()),
    "a size that is no number": _pax("GNU.sparse.realsize", "abc") + _member("a.png", png()),
    "a length of 5,000 digits": _member("x", b"9" * 5000 + b" path=a\n", b"x") + _member("a.png", png()),
    "a table of holes that is cut": _more(_header("s.png", 0, b"S")),
}


@pytest.mark.threat("an archive whose list is nonsense", found="refused in a sentence")
@pytest.mark.parametrize("place", ["at the start", "behind a picture"])
@pytest.mark.parametrize("kind", ODD)
def test_whatever_a_tar_lists_is_a_sentence(tmp_path: Path, kind: str, place: str) -> None:
    """Python's reader of tars answers with errors of all kinds; a person sees one."""
    before = b"" if place == "at the start" else _member("b.png", png(1))
    source = Archive(str(put(tmp_path / "p.tar", before + ODD[kind])))
    with pytest.raises(AtelierError, match=r"p\.tar: expected a whole archive, found it damaged \(.+\)\. Fetch or pack it again"):
        list(source.pictures())


@pytest.mark.threat("an archive whose list is nonsense", found="refused in a sentence")
def test_a_zip_of_a_version_to_come_is_a_sentence(tmp_path: Path) -> None:
    """Which Python's reader of zips does not know."""
    source = _zip(tmp_path / "p.zip", {"a.png": png()})
    data = bytearray(Path(source.path).read_bytes())
    data[data.index(b"PK\1\2") + 6] = 99
    put(Path(source.path), bytes(data))
    with pytest.raises(AtelierError, match=r"p\.zip: expected a whole archive, found it damaged \(zip file version 9\.9\)"):
        source.count()


def test_a_file_and_a_folder_of_one_name_are_both_read(tmp_path: Path) -> None:
    """Even two such files: the folder wraps the others as if they were not there."""
    path = put(tmp_path / "p.tar", b"".join(_member(name, png()) for name in ("x", "x", "x/y/a.png")) + END)
    assert [(p.name, p.labels) for p in Archive(str(path)).pictures()] == [("x", {}), ("x#2", {}), ("x/y/a.png", {"class": "y"})]


@pytest.mark.parametrize("name", ["", "\0.png"])
def test_a_member_without_a_name_is_a_row(tmp_path: Path, name: str) -> None:
    """Under a name that says so."""
    source = _zip(tmp_path / "p.zip", {"@@@@@": png(), "b.png": png(1)})
    data = Path(source.path).read_bytes()
    put(Path(source.path), data.replace(b"@@@@@", name.encode().ljust(5, b"\0")))
    assert [(p.name, p.data) for p in source.pictures()] == [("nameless", png()), ("b.png", png(1))]


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_dots_and_doubled_slashes_in_a_name_are_dropped(tmp_path: Path, form: str) -> None:
    """They lead nowhere; a table may name the pictures with or without them."""
    members = {".//a.png": png(1), "./cats/./b.png": png(2), "dogs//c.png": png(3)}
    (_zip if form == "zip" else _tar)(tmp_path / f"p.{form}", members)
    table = put(tmp_path / "t.csv", b"path,age\na.png,4\ndogs//c.png,5\n")
    assert [(p.name, p.labels) for p in Archive(str(tmp_path / f"p.{form}"), labels=str(table)).pictures()] == [
        ("a.png", {"age": 4.0}),
        ("cats/b.png", {"class": "cats"}),
        ("dogs/c.png", {"class": "dogs", "age": 5.0}),
    ]


@pytest.mark.threat("an archive with names that forge a message", found="shown as what they are")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../\x1b[2J\nerror: all fine.png", r"../\x1b[2J\nerror: all fine.png"),
        ("../\u202egnp.exe", r"../\u202egnp.exe"),
        ("../été 猫.png", "../été 猫.png"),
        ("../" + "a" * 9000, "../" + "a" * 197 + "…"),
    ],
    ids=["a cleared terminal", "letters from right to left", "another language", "too long"],
)
def test_a_name_cannot_forge_a_message(tmp_path: Path, name: str, shown: str) -> None:
    """What would move the cursor is spelled out, all else is left as it is."""
    source = _tar(tmp_path / "p.tar", {name: png()})
    with pytest.raises(AtelierError, match=f"found {re.escape(shown)}, which lies outside; nothing was kept"):
        source.count()


def test_an_archive_whose_own_name_is_no_text_is_read(tmp_path: Path) -> None:
    """Its pictures say where they come from, with escapes, which a shard can hold."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/pics\xe9.zip"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", png(1))
    assert [picture.source for picture in Archive(str(path)).pictures()] == ["pics\\xe9.zip"]
