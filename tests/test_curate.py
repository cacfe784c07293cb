"""Curating: one verdict for every raw picture, a data set that depends on pixels alone, and clear words for bad input."""

import errno
import hashlib
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest
from drawing import encode, pixels, png, put
from test_decode import _huge

from ganlib.config import load
from ganlib.errors import AtelierError
from ganlib.metrics.parallel import ahead
from ganlib.pictures import checks
from ganlib.pictures.candidates import Candidates, Finding
from ganlib.pictures.codes import REASONS
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.overrides import read_overrides
from ganlib.pictures.raw import RawPicture
from ganlib.pictures.reasons import explain
from ganlib.pictures.sources.folder import Folder
from ganlib.pictures.split import split_of
from ganlib.pictures.store import Store
from tasks.cli import run
from tasks.collect import collect
from tasks.curate import curate, main, record

CONFIG = CurateConfig(size=16)
ROOT = Path(__file__).parents[1]


def _raw(number: int, start: int = 0) -> list[RawPicture]:
    return [RawPicture(f"{seed}.png", png(seed, 20), {"seed": float(seed)}) for seed in range(start, start + number)]


def _curate(pictures: list[RawPicture], out: Path, config: CurateConfig = CONFIG) -> Store:
    return curate(config, iter(pictures), len(pictures), out)


def _verdicts(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / "verdicts.parquet").set_index("path")


def _process(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`python -m tasks.curate`, started in `folder`."""
    command = [sys.executable, "-m", "tasks.curate", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The same as `_process`, in this process, in a folder of its own, without a tracker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["tasks.curate", *arguments])
        try:
            run(main)
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Done(code, *capsys.readouterr())

    return call


def test_every_raw_picture_has_one_verdict(tmp_path: Path) -> None:
    """Kept or set aside, read or refused: one row each, in the order found, with reason and twin."""
    pictures = [
        *_raw(3),
        RawPicture("twin.png", encode(pixels(1, 20), "BMP")),
        RawPicture("cut.png", png(9, 64)[:500]),
        RawPicture("out.png", b"", problem="link-outside"),
        RawPicture("huge.png", _huge(20_000, 20_000)),
    ]
    _curate(pictures, tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out" / "verdicts.parquet")
    assert list(table.columns) == ["path", "kept", "reason", "score", "threshold", "twin_of", "notes"]
    assert table["path"].tolist() == [picture.name for picture in pictures]
    assert table["reason"].tolist() == ["", "", "", "exact-duplicate", "truncated", "link-outside", "too-many-pixels"]
    assert table["kept"].tolist() == [True] * 3 + [False] * 4
    assert table["twin_of"][3] == "1.png"
    assert table["twin_of"].isna().sum() == 6


def test_the_data_set_holds_the_kept_pictures_and_what_is_known_of_them(tmp_path: Path) -> None:
    """Labels and provenance stand beside the right pixels, sorted by split and digest."""
    pictures = [replace(picture, source="s", licence="MIT", attribution="me") for picture in _raw(40)]
    store = _curate(pictures, tmp_path / "out", CurateConfig(size=16, heldout=0.3))
    rows = store.manifest
    assert sorted(rows["label.seed"]) == list(range(40))
    order = [(split != "train", digest) for split, digest in zip(rows["split"], rows["digest"], strict=True)]
    assert order == sorted(order)
    for seed, picture in zip(rows["label.seed"], store.pictures, strict=True):
        source = pixels(int(seed), 20).astype(float)
        assert abs(picture.mean((0, 1)) - source.mean((0, 1))).max() < 1
    assert store.info["licences"] == ["MIT"]
    assert store.info["kept"] == store.info["train"] + store.info["heldout"] == 40
    assert len(store.heldout) == (rows["split"] == "heldout").sum() > 0


def test_same_pictures_give_same_bytes(tmp_path: Path) -> None:
    """Two curations are equal, file by file."""
    for name in ("one", "two"):
        _curate(_raw(10), tmp_path / name)
    one, two = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two
    assert set(one) == {"pictures.npy", "manifest.parquet", "verdicts.parquet", "verdicts.html", "dataset.json"}


def test_the_order_of_the_source_does_not_matter(tmp_path: Path) -> None:
    """The same pictures in another order are the same data set."""
    assert _curate(_raw(10), tmp_path / "a").digest == _curate(_raw(10)[::-1], tmp_path / "b").digest


def test_a_picture_stays_in_its_split_when_others_come(tmp_path: Path) -> None:
    """Adding pictures moves none of those that were there from one part to the other."""
    few, many = (_curate(_raw(number), tmp_path / str(number)).manifest for number in (20, 60))
    before, after = (dict(zip(rows["name"], rows["split"], strict=True)) for rows in (few, many))
    assert {name: after[name] for name in before} == before
    assert set(after.values()) == {"train", "heldout"}


def test_the_split_has_the_share_asked_for() -> None:
    """Of n pictures, a share p within 4 standard deviations, sqrt(p(1-p)/n); the seed draws another part."""
    digests = [hashlib.blake2b(bytes([i % 256, i // 256]), digest_size=16).hexdigest() for i in range(4000)]
    parts = [[split_of(digest, 0.15, seed) for digest in digests] for seed in (0, 1)]
    for part in parts:
        assert abs(part.count("heldout") / 4000 - 0.15) < 4 * (0.15 * 0.85 / 4000) ** 0.5
    assert parts[0] != parts[1]
    assert {split_of(digest, 0.0, 0) for digest in digests} == {"train"}


def test_of_two_equal_ones_the_one_with_labels_stays(tmp_path: Path) -> None:
    """A copy that no table names came first; what a person wants kept stays nevertheless."""
    pictures = [RawPicture("copy.png", encode(pixels(3, 20), "TIFF")), *_raw(5)]
    store = _curate(pictures, tmp_path / "out")
    assert _verdicts(tmp_path / "out").loc["copy.png", "twin_of"] == "3.png"
    assert sorted(store.manifest["label.seed"]) == [0, 1, 2, 3, 4]
    decided = put(tmp_path / "overrides.csv", b"path,verdict\ncopy.png,keep\n")
    curate(CONFIG, iter(pictures), len(pictures), tmp_path / "out", decided)
    assert _verdicts(tmp_path / "out").loc["3.png", "twin_of"] == "copy.png"


def test_a_folder_makes_no_copy_better(tmp_path: Path, command: Callable[..., Done]) -> None:
    """Smaller copies in a folder of their own have a class more, and go nevertheless; of equal ones the first stays."""
    import cv2

    photos = [cv2.resize(pixels(seed, 8), (128, 128), interpolation=cv2.INTER_CUBIC) for seed in range(12)]
    for seed, photo in enumerate(photos):
        put(tmp_path / "photos" / f"{seed}.png", encode(photo))
    for seed, photo in enumerate(photos[:4]):
        put(tmp_path / "photos" / "0thumbs" / f"{seed}.jpg", encode(cv2.resize(photo, (64, 64)), "JPEG", quality=90))
    put(tmp_path / "photos" / "0copies" / "5.png", encode(photos[5]))
    assert command("--source", str(tmp_path / "photos"), "--out", "out").code == 0
    twins = _verdicts(tmp_path / "out")["twin_of"].dropna().to_dict()
    assert twins == {**{f"0thumbs/{seed}.jpg": f"{seed}.png" for seed in range(4)}, "5.png": "0copies/5.png"}


def test_duplicates_are_told_by_pixels_not_by_bytes_or_names(tmp_path: Path) -> None:
    """The first of equal pictures stays, whatever the others' formats; one that differs in one pixel is another, if near."""
    other = pixels(0, 16)
    other[3, 3, 0] ^= 1
    forms = [encode(pixels(0, 16), form) for form in ("PNG", "BMP", "TIFF")] + [encode(other)]
    raw = [RawPicture(f"{place}", data) for place, data in enumerate([*forms, png(5, 16)])]
    _curate(raw, tmp_path / "out", replace(CONFIG, ignore=("near-duplicate",)))
    assert _verdicts(tmp_path / "out")["twin_of"].fillna("").to_dict() == {"0": "", "1": "0", "2": "0", "3": "", "4": ""}
    _curate(raw, tmp_path / "near")
    assert _verdicts(tmp_path / "near").loc["3", ["reason", "twin_of"]].tolist() == ["near-duplicate", "0"]


def test_grey_pictures_have_one_channel(tmp_path: Path) -> None:
    """Mode L stores [N, H, W, 1]."""
    store = _curate(_raw(10), tmp_path / "out", CurateConfig(size=32, mode="L"))
    assert store.pictures.shape == (10, 32, 32, 1)
    assert store.channels == 1


def test_a_new_check_is_one_function_and_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function put into `CHECKS` sets pictures aside under its key, with score and words, after the checks before it."""

    def darkest(candidates: Candidates) -> Iterator[Finding]:
        """darker than all the others"""
        means = candidates.view(candidates.kept).mean((1, 2, 3))
        yield Finding(candidates.kept[int(means.argmin())], score=float(means.min()))

    monkeypatch.setitem(checks.CHECKS, "darkest", darkest)
    dark = encode(pixels(7, 20) // 4)
    _curate([*_raw(3), RawPicture("dark", dark), RawPicture("dark again", dark)], tmp_path / "out")
    table = _verdicts(tmp_path / "out")
    assert table.loc["dark", "reason"] == "darkest"
    assert table.loc["dark", "score"] < 64
    assert table.loc["dark again", ["reason", "twin_of"]].tolist() == ["exact-duplicate", "dark"]
    assert explain("darkest") == "darker than all the others"


def test_every_reason_is_explained_in_words() -> None:
    """No code reaches a person without a few words."""
    assert all(explain(reason) for reason in [*REASONS, *checks.CHECKS])


def test_too_few_pictures_are_an_error_with_the_counts(tmp_path: Path) -> None:
    """Fewer than two kept: the counts by reason, and no half-written data set."""
    pictures = [RawPicture("a", png()), RawPicture("b", png()), RawPicture("c", b"text"), RawPicture("d", b"text")]
    with pytest.raises(AtelierError, match=r"found 1 of 4 \(not-a-picture: 2, exact-duplicate: 1\)"):
        _curate(pictures, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(AtelierError, match="Expected pictures to learn from, found all 5 held out"):
        _curate(_raw(5), tmp_path / "out", CurateConfig(size=16, heldout=1.0))


@pytest.mark.fault("curating that fails in the middle", found="the last data set lies there whole")
def test_a_failure_leaves_the_last_data_set(tmp_path: Path) -> None:
    """What was curated before is still there, to the byte."""
    digest = _curate(_raw(5), tmp_path / "out").digest
    with pytest.raises(AtelierError):
        _curate(_raw(1), tmp_path / "out")
    assert Store.open(tmp_path / "out").digest == digest


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    """An output folder with something else in it is refused and untouched."""
    diary = put(tmp_path / "out" / "diary.txt", b"mine")
    with pytest.raises(AtelierError, match=r"found something else, and left it alone"):
        _curate(_raw(5), tmp_path / "out")
    assert diary.read_bytes() == b"mine"


def test_pictures_beside_somebody_elses_labels_are_left_alone(tmp_path: Path) -> None:
    """Data sets of StyleGAN are pictures with a dataset.json; overrides may lie in the folder that was written before."""
    photo, labels = put(tmp_path / "stylegan" / "1.png", png(1)), put(tmp_path / "stylegan" / "dataset.json", b"{}")
    with pytest.raises(AtelierError, match=r"expected nothing but what this step writes, to be replaced; found 1\.png, too"):
        _curate(_raw(5), tmp_path / "stylegan")
    assert (photo.read_bytes(), labels.read_bytes()) == (png(1), b"{}")
    _curate(_raw(5), tmp_path / "out")
    decided = put(tmp_path / "out" / "overrides.csv", b"path,verdict\n")
    with pytest.raises(AtelierError, match=r"found overrides\.csv, too, and left all alone"):
        _curate(_raw(6), tmp_path / "out")
    assert decided.exists()


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    """A folder with twelve good pictures and one of every kind of trouble."""
    for seed in range(12):
        put(tmp_path / "photos" / "good" / f"{seed}.png", png(seed, 24))
    put(tmp_path / "photos" / "twin.png", encode(pixels(0, 24), "TIFF"))
    put(tmp_path / "photos" / "cut.jpg", encode(pixels(99, 64), "JPEG")[:700])
    put(tmp_path / "photos" / "empty.png", b"")
    put(tmp_path / "photos" / "text.png", b"I am text")
    put(tmp_path / "photos" / "huge.png", _huge(20_000, 20_000))
    (tmp_path / "photos" / "out.png").symlink_to(put(tmp_path / "secret.png", png(7)))
    return tmp_path / "photos"


def test_the_command_curates_any_folder(messy: Path, tmp_path: Path) -> None:
    """No DVC, no params.yaml: a data set, and a closing table of counts by reason with the place of the verdicts."""
    before = sorted(path.name for path in messy.rglob("*"))
    done = _process("--source", str(messy), "--out", str(tmp_path / "out"), "--size", "16", "--mode", "L", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "18 pictures: 12 kept" in done.stdout
    for reason in ("exact-duplicate", "truncated", "empty-file", "not-a-picture", "too-many-pixels", "link-outside"):
        assert f"1  {reason}" in done.stdout
    assert str(tmp_path / "out" / "verdicts.parquet") in done.stdout
    store = Store.open(tmp_path / "out")
    assert store.pictures.shape == (12, 16, 16, 1)
    assert set(store.manifest["label.class"]) == {"good"}
    assert sorted(path.name for path in messy.rglob("*")) == before
    assert "18 of 18 pictures" in done.stderr


def _source(kind: str, folder: Path) -> Path:
    """One of the sources that a person may name by mistake, or that means harm."""
    source = folder / kind
    if kind == "evil.zip":
        with zipfile.ZipFile(source, "w") as packed:
            packed.writestr("../evil.png", png())
    elif kind == "text.zip":
        put(source, b"text")
    elif kind == "unreadable":
        put(source / "a.png", b"text")
        put(source / "b.png", b"")
    elif kind != "missing":
        source.mkdir()
    return source


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "missing: expected a folder of pictures, found nothing there."),
        ("empty", "empty: expected pictures in this folder, found no file in it."),
        ("unreadable", "Expected at least 2 pictures to be kept, found 0 of 2 (empty-file: 1, not-a-picture: 1)."),
        ("evil.zip", "evil.zip: expected names inside the archive, found ../evil.png, which lies outside;"),
        ("text.zip", "text.zip: expected a zip or tar archive, found something else."),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, command: Callable[..., Done], kind: str, message: str) -> None:
    """Exit code 2, one line that says what, where and what to do, no traceback, nothing written."""
    done = command("--source", str(_source(kind, tmp_path)), "--out", "out")
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert (done.code, len(errors)) == (2, 1), done.err
    assert message in errors[0]
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


def test_overrides_go_by_path_whatever_else_is_in_the_table(tmp_path: Path) -> None:
    """A column `name` beside it is for whoever reads it, in a wrong row, too; alone, it names the pictures."""
    table = put(tmp_path / "overrides.csv", b"name,path,verdict\nMia,a/1.png,keep\nMia,b/1.png,drop\n")
    assert read_overrides(table) == {"a/1.png": "keep", "b/1.png": "drop"}
    put(table, b"name,path,verdict\nMia,a/1.png,keep\nMia,b/1.png,maybe\n")
    with pytest.raises(AtelierError, match=r"overrides\.csv:3: expected keep or drop in the column verdict for b/1\.png"):
        read_overrides(table)
    assert read_overrides(put(table, b"name,verdict\na/1.png,keep\n")) == {"a/1.png": "keep"}


def test_overrides_that_are_no_table_are_one_sentence(tmp_path: Path) -> None:
    """A folder of that name, a column twice."""
    (tmp_path / "overrides.csv").mkdir()
    with pytest.raises(AtelierError, match=r"overrides\.csv: expected a CSV file, found a folder"):
        read_overrides(tmp_path / "overrides.csv")
    with pytest.raises(AtelierError, match=r"twice\.csv:1: expected every column once, found verdict twice"):
        read_overrides(put(tmp_path / "twice.csv", b"path,verdict,verdict\na.png,keep,drop\n"))


@pytest.mark.fault("no room while a data set is written", found="a sentence; the last data set lies there whole")
def test_a_full_disk_is_one_sentence_and_loses_nothing(
    messy: Path, tmp_path: Path, command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the place that is full, and the data set that was there before is still there."""
    assert command("--source", str(messy), "--out", "out").code == 0
    digest = Store.open(tmp_path / "out").digest

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("ganlib.pictures.shelf.Column.put", full)
    done = command("--source", str(messy), "--out", "out", "--size", "64")
    assert (done.code, done.out) == (2, "")
    assert "error: out: no space is left to write here. What was there before was not changed." in done.err
    assert Store.open(tmp_path / "out").digest == digest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "photos", "secret.png"]


def test_a_name_steers_no_terminal(messy: Path, tmp_path: Path, command: Callable[..., Done]) -> None:
    """What is repeated of a file in a sentence clears no screen and begins no line; a name that is too long is told as such."""
    labels = put(tmp_path / "labels.csv", b'name,age\n"gone\x1b[2J\nerror: all fine.png",3\n')
    done = command("--source", str(messy), "--labels", str(labels), "--out", "out")
    assert done.code == 2
    assert "found 1 of 1 that match none: gone\\x1b[2J\\nerror: all fine.png." in done.err
    done = command("--source", str(messy), "--out", "a" * 300)
    assert "expected a name that is short enough for this disk. Choose another" in done.err


def test_bad_options_are_told_one_by_one(command: Callable[..., Done]) -> None:
    """Each wrong option has its line, in the words of params.yaml; an option without --source is explained."""
    done = command("--source", "x", "--out", "out", "--size", "17", "--heldout", "2", "--background", "red")
    assert done.code == 2
    assert "error: --size must be a multiple of 4 from 16 to 256 (got 17)" in done.err
    assert "error: --heldout must be less than or equal to 1 (got 2)" in done.err
    assert 'error: --background must be a colour such as "#f4f1ea", in quotes (got red)' in done.err
    assert "error: --size: expected --source with it" in command("--size", "32").err
    assert "--source needs --out" in command("--source", "x").err


def test_the_step_runs_by_params_after_collect(tmp_path: Path, command: Callable[..., Done]) -> None:
    """Without options it reads `data/` and `params.yaml` and writes `artifacts/dataset/`; before collect it says so."""
    put(tmp_path / "params.yaml", (ROOT / "params.yaml").read_bytes())
    early = command()
    assert early.code == 2
    assert "data/raw.json: expected the summary of the raw pictures, found none. Run the step collect first." in early.err
    for seed in range(8):
        put(tmp_path / "in" / f"{seed}.png", png(seed))
    collect(Folder(str(tmp_path / "in")), tmp_path / "data")
    done = command()
    assert (done.code, done.out.splitlines()[0][:20]) == (0, "8 pictures: 8 kept ("), done.err
    assert json.loads((tmp_path / "artifacts" / "dataset" / "dataset.json").read_text())["size"] == 32


def test_the_record_holds_the_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What MLflow is to hold can be built from the files alone: counts by reason, the knobs, what was read and written."""
    monkeypatch.chdir(tmp_path)
    _curate([*_raw(5), RawPicture("text", b"text")], Path("artifacts/dataset"))
    told = record(load(ROOT / "params.yaml"))
    assert (told.step, told.metrics["kept"], told.metrics["set_aside.not-a-picture"]) == ("curate", 5, 1)
    assert told.params["size"] == 32
    assert all(path.exists() for path in [*told.files, *told.writes])


def test_work_goes_ahead_in_order_and_within_bounds() -> None:
    """Results come in the order of the items, whichever is done first, and no more than four a thread are taken in advance."""
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(40):
            taken.append(number)
            yield number

    for place, (item, result) in enumerate(ahead(lambda number: time.sleep(0.002 * (number % 3)) or number**2, items(), 2)):
        assert (item, result) == (place, place**2)
        assert len(taken) <= place + 8
    assert len(taken) == 40


def test_what_goes_wrong_ahead_comes_at_its_turn() -> None:
    """Items before it are worked on and given out first; what lies behind is dropped."""
    found = ahead(lambda number: 1 // (3 - number), range(100), 2)
    assert [item for item, _ in islice(found, 3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        next(found)
