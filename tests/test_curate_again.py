"""Curating night after night, and on several machines: what is new costs, and the verdicts are those of a run from nothing."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawing import encode, png
from PIL import Image

from flows import show
from ganlib.config import load
from ganlib.errors import AtelierError
from ganlib.pictures import crew, looks, points
from ganlib.pictures.checks import hues, layout
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.decode import Pixels
from ganlib.pictures.drift import Snapshot
from ganlib.pictures.duplicates import twins
from ganlib.pictures.duplicates.index import EXACT
from ganlib.pictures.duplicates.synthetic import shifted
from ganlib.pictures.raw import RawPicture
from ganlib.pictures.shelves import fingerprint
from ganlib.pictures.sources.portraits import _draw
from ganlib.pictures.views import greyed
from tasks.curate import curate, record, tell_drift
from tasks.places import CURATED, DATASET, DRIFT

Files = dict[str, bytes]
FILES = ("verdicts.parquet", "verdicts.html", "manifest.parquet", "dataset.json", "pictures.npy")


def _faces(number: int) -> list[RawPicture]:
    return [_draw("lorelei", 5, 64, place) for place in range(number)]


def _spoiled(picture: RawPicture, name: str, view: Pixels) -> RawPicture:
    return RawPicture(name, encode(view), picture.labels)


def _view(picture: RawPicture) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGB"))


def _night(number: int) -> list[RawPicture]:
    """240 portraits and more; the second night lacks some, and has new ones, copies of old ones and what does not belong."""
    faces = _faces(250)
    grey = [_spoiled(faces[place], f"grey-{place}.png", greyed(_view(faces[place])[None])[0]) for place in (30, 31, 247)]
    if number == 1:
        return [*faces[:240], grey[0], RawPicture("broken.png", png(1, 30)[:-30])]
    dice = np.random.default_rng(0)
    view = _view(faces[20])
    noise = np.kron(dice.integers(0, 256, (8, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    copy, dull = _spoiled(faces[20], "copy.png", shifted(view, 1, 1)), _spoiled(faces[20], "dull.png", view // 8)
    cast = _spoiled(faces[1], "cast.png", (view * [1.0, 0.7, 0.5]).astype(np.uint8))
    return [
        *faces[245:],
        *faces[4:237],
        copy,
        dull,
        cast,
        *grey,
        _spoiled(faces[0], "stranger.png", noise),
        RawPicture("x.gif", b"GIF89a"),
    ]


def _curate(
    pictures: Sequence[RawPicture], out: Path, memory: Path | None = None, cluster: str | None = None, **knobs: Any
) -> dict[str, bytes]:
    curate(CurateConfig(**{"size": 16, "cluster": cluster, **knobs}), iter(pictures), len(pictures), out, memory=memory)
    return {name: (out / name).read_bytes() for name in FILES}


@pytest.fixture
def _all_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that want more pictures than there are here, too: what they say must not depend on the night either."""
    for module in (layout, hues):
        monkeypatch.setattr(module, "_FEWEST", 200)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many pictures were decoded, and how many were put through the network."""
    counts = {"decoded": 0, "placed": 0}
    decode, extract = looks.decode_guarded, points.extract

    def decoding(files: Sequence[tuple[str, bytes]], *rest: Any) -> Iterator[Any]:
        counts["decoded"] += len(files)
        return decode(files, *rest)

    def extracting(views: Pixels, *rest: Any, **options: Any) -> Any:
        counts["placed"] += len(views)
        return extract(views, *rest, **options)

    monkeypatch.setattr(looks, "decode_guarded", decoding)
    monkeypatch.setattr(points, "extract", extracting)
    return counts


def test_hundreds_of_copies_are_judged_alike_every_night(tmp_path: Path) -> None:
    """A portrait of which another pixel is a level darker each time, as in a film that stands still: most are equally near.

    One stays, and on the second night, which lacks some and has new ones, the files are those of a run from nothing.
    """
    faces, dice = _faces(40), np.random.default_rng(0)
    view = _view(faces[3])
    copies = []
    for number in range(250):
        other = view.copy()
        other[tuple(dice.integers(0, view.shape[:2]))] ^= 1
        copies.append(_spoiled(faces[3], f"copy-{number:03}.png", other))
    knobs = {"size": len(view), "gate": 0.99}
    _curate([*faces, *copies[:225]], tmp_path / "first", tmp_path / "memory", **knobs)
    second = [*faces[:3], *faces[4:], *copies[10:]]
    anew = _curate(second, tmp_path / "anew", **knobs)
    assert _curate(second, tmp_path / "second", tmp_path / "memory", **knobs) == anew
    verdicts = pd.read_parquet(tmp_path / "anew" / "verdicts.parquet")
    copied = verdicts.path.str.startswith("copy-")
    assert (verdicts.reason[copied] == "near-duplicate").sum() > 200
    assert verdicts.kept[copied].sum() == 1


@pytest.mark.usefixtures("_all_checks")
@pytest.mark.parametrize("exact", [EXACT, 100])
def test_a_second_night_costs_what_is_new_and_finds_what_a_run_from_nothing_finds(
    tmp_path: Path, asked: dict[str, int], monkeypatch: pytest.MonkeyPatch, exact: int
) -> None:
    """To the byte: verdicts with their scores, the page, the data set; with the index, too, and a third night costs nothing."""
    monkeypatch.setattr(twins, "EXACT", exact)
    _curate(_night(1), tmp_path / "first", tmp_path / "memory")
    assert asked["decoded"] == 242
    asked.update(decoded=0, placed=0)
    second = _curate(_night(2), tmp_path / "second", tmp_path / "memory")
    assert asked["decoded"] == 12
    assert asked["placed"] <= 2 * points.BATCH
    anew = _curate(_night(2), tmp_path / "anew")
    assert {name for name in FILES if second[name] != anew[name]} == set()
    verdicts = pd.read_parquet(tmp_path / "anew" / "verdicts.parquet").set_index("path")
    assert set(verdicts["reason"][[f"grey-{place}.png" for place in (30, 31, 247)]]) == {"grey-copy"}
    assert verdicts["reason"]["cast.png"] == "colour-cast"
    asked.update(decoded=0, placed=0)
    third = _curate(_night(2), tmp_path / "third", tmp_path / "memory")
    assert asked == {"decoded": 0, "placed": 0}
    assert third == second


def test_a_run_that_was_killed_left_what_it_had_found_out(tmp_path: Path, asked: dict[str, int]) -> None:
    """The next one goes on from there."""
    pictures = [RawPicture(f"{place}.png", png(place, 16)) for place in range(1000)]

    def stopped() -> Iterator[RawPicture]:
        yield from pictures
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        curate(CurateConfig(size=16), stopped(), 1000, tmp_path / "out", memory=tmp_path / "memory")
    asked.update(decoded=0)
    _curate(pictures[:60], tmp_path / "out", tmp_path / "memory")
    assert asked["decoded"] == 0


def test_how_a_data_set_differs_from_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sixty more of the same kind are near what was there, sixty of another style are not; the record has it in numbers."""
    monkeypatch.chdir(tmp_path)
    faces, params = _faces(320), load(Path(__file__).parents[1] / "params.yaml")
    others = [_draw("adventurer", 5, 64, place) for place in range(60)]
    distances = {}
    for name, pictures in (("alike", faces), ("other", [*faces[2:260], *others])):
        curate(params.curate, iter(faces[:260]), 260, DATASET, memory=CURATED)
        before = Snapshot.of(DATASET)
        curate(params.curate, iter(pictures), len(pictures), DATASET, memory=CURATED)
        tell_drift(params.curate, before)
        metrics = record(params).metrics
        assert 57 <= metrics["drift.added"] <= 60  # some may be set aside
        assert metrics["drift.gone"] >= (0 if name == "alike" else 2)
        assert f"Drift     {metrics['drift.added']:.0f} pictures came" in capsys.readouterr().out
        distances[name] = metrics["drift.distance"] / metrics["drift.error"]
    assert distances["alike"] < 4
    assert distances["other"] > 10


@pytest.mark.usefixtures("_all_checks")
@pytest.mark.slow
def test_a_cluster_of_two_workers_gives_the_same_bytes(tmp_path: Path) -> None:
    """Decoding, features and comparisons on Dask's workers, in processes of their own."""
    distributed = pytest.importorskip("distributed", reason="needs Dask: pip install '.[cluster]'")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, scheduler_port=0
    ) as cluster:
        there = _curate(_night(2), tmp_path / "there", cluster=cluster.scheduler_address)
    assert there == _curate(_night(2), tmp_path / "here")


def test_a_worker_with_other_code_does_nothing() -> None:
    """What it would find out would be kept for what this code finds."""
    with pytest.raises(AtelierError, match=r"expected workers with the same code.*\(other\), found one with"):
        crew._alone(len, [1, 2], "other")
    assert crew._alone(len, [1, 2], fingerprint()) == 2


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is written."""
    pytest.importorskip("distributed", reason="needs Dask: pip install '.[cluster]'")
    monkeypatch.setattr("ganlib.pictures.crew._PATIENCE", 0.5)
    with pytest.raises(AtelierError, match=r"cluster tcp://127.0.0.1:9: expected a Dask scheduler with workers, found none"):
        _curate(_faces(3), tmp_path / "out", cluster="tcp://127.0.0.1:9")
    assert not (tmp_path / "out").exists()


def test_the_page_of_prefect_says_how_the_data_set_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the data set that lies there; a drift towards another one is not shown."""
    monkeypatch.chdir(tmp_path)
    _curate(_faces(5), DATASET)
    digest = json.loads((DATASET / "dataset.json").read_text())["digest"]
    told: list[str] = []
    monkeypatch.setattr(show, "server_is_away", lambda: False)
    monkeypatch.setattr(show, "create_table_artifact", lambda rows, key, description: told.append(description))
    known = {"before": "x", "added": 3, "gone": 1, "aside": 0.25, "distance": None, "error": None}
    for now in (digest, "another"):
        DRIFT.parent.mkdir(parents=True, exist_ok=True)
        DRIFT.write_text(json.dumps({**known, "now": now}))
        show.verdicts()
    assert told[0].endswith("Since the last one: drift.added 3, drift.gone 1, drift.aside 0.25.")
    assert told[1].endswith("held out.")
