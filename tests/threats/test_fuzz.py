"""Whatever is handed in, the answer is a result or a clear error: never a traceback, never much time or memory.

`FUZZ=5000` tries so many of each; in CI it is some, always the same ones.
"""

import gzip
import io
import os
import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawing import png
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger import Ledger

from ganlib.config import load
from ganlib.errors import AtelierError
from ganlib.pictures.overrides import read_overrides
from ganlib.pictures.sources.archive import Archive
from ganlib.pictures.sources.idx import Idx
from ganlib.pictures.sources.parquet import Parquet
from ganlib.pictures.sources.table import read_labels
from ganlib.pictures.store import Store
from ganlib.sampling.model import load_model

PARAMS = (Path(__file__).parents[2] / "params.yaml").read_text()
TIMES = int(os.environ.get("FUZZ", "60"))
MOST = 200e6  # bytes

fuzzed = settings(
    max_examples=TIMES,
    deadline=5000,
    derandomize="FUZZ" not in os.environ,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def harmless(work: Callable[[], Any]) -> str | None:
    """What the work refused, None if it did not. Anything but a clear error, or much memory, fails the test."""
    tracemalloc.start()
    try:
        work()
        return None
    except AtelierError as error:
        return str(error) or pytest.fail("an error without a word")
    finally:
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert used < MOST


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with some places overwritten, a piece cut out, doubled, or all of it something else."""
    kind = draw(st.sampled_from(["overwritten", "cut", "doubled", "other"]))
    if kind == "other":
        return draw(st.binary(max_size=300))
    first, last = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
    if kind == "cut":
        return data[:first] + data[last:]
    if kind == "doubled":
        return data[:last] + data[first:]
    found = bytearray(data)
    for place in draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=8)):
        found[place] = draw(st.integers(0, 255))
    return bytes(found)


def idx() -> bytes:
    return gzip.compress(struct.pack(">IIII", 0x803, 3, 8, 8) + bytes(range(192)))


def parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"image": [png(1), png(2)], "label": ["a", "b"]}), stream)
    return stream.getvalue()


def zipped() -> bytes:
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a/1.png", png(1))
        packed.writestr("a/2.png", png(2))
    return stream.getvalue()


def tarred() -> bytes:
    import tarfile

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        for number in (1, 2):
            member = tarfile.TarInfo(f"a/{number}.png")
            member.size = len(png(number))
            packed.addfile(member, io.BytesIO(png(number)))
    return stream.getvalue()


#: What is read, by name: a good one, under which name it is put, and how it is read.
READERS: dict[str, tuple[Callable[[], bytes], str, Callable[[Path], Any]]] = {
    "params.yaml": (PARAMS.encode, "params.yaml", load),
    "IDX files": (idx, "x-images-idx3-ubyte.gz", lambda path: list(Idx(path=str(path.parent), parts=["x"]).pictures())),
    "Parquet files": (parquet, "part.parquet", lambda path: list(Parquet(str(path.parent)).pictures())),
    "zip archives": (zipped, "p.zip", lambda path: list(Archive(str(path)).pictures())),
    "tar archives": (tarred, "p.tar.gz", lambda path: list(Archive(str(path)).pictures())),
    "tables of labels": (lambda: b"name,hair\n1.png,red\n2.png,blue\n", "labels.csv", read_labels),
    "tables of overrides": (lambda: b"path,verdict\n1.png,keep\n", "overrides.csv", read_overrides),
}


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_clear_errors(name: str, tmp_path: Path, ledger: Ledger) -> None:
    """Overwritten, cut, doubled or replaced: read, or refused in a sentence."""
    good, called, read = READERS[name]
    whole, times, refused = good(), [0], [0]
    (tmp_path / called).write_bytes(whole)
    assert harmless(lambda: read(tmp_path / called)) is None, "the good one is read"

    @fuzzed
    @given(damaged(whole))
    def tried(data: bytes) -> None:
        (tmp_path / called).write_bytes(data)
        times[0] += 1
        refused[0] += harmless(lambda: read(tmp_path / called)) is not None

    tried()
    assert refused[0] > 0
    ledger.add(f"{name}, damaged at random", times=times[0], found="read, or refused in a sentence")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny data set and a tiny model."""
    from published import CONFIG, data_set

    from ganlib.training.publish import train

    folder = tmp_path_factory.mktemp("ready")
    train(Store.open(data_set(folder / "dataset")), CONFIG, folder / "model", folder / "runs")
    return folder


@pytest.mark.parametrize(
    "place", ["model/model.json", "model/generator.safetensors", "dataset/dataset.json", "dataset/pictures.npy"]
)
def test_a_damaged_model_or_data_set_is_a_clear_error(place: str, ready: Path, ledger: Ledger) -> None:
    """Overwritten, cut, doubled or replaced, a file of them: read, or refused in a sentence."""
    path, times = ready / place, [0]
    whole = path.read_bytes()
    read: Callable[[Path], Any] = load_model if place.startswith("model") else Store.open

    @fuzzed
    @given(damaged(whole))
    def tried(data: bytes) -> None:
        path.write_bytes(data)
        times[0] += 1
        harmless(lambda: read(path.parent))

    try:
        tried()
    finally:
        path.write_bytes(whole)
    assert harmless(lambda: read(path.parent)) is None
    ledger.add(f"{place.split('/')[1]} damaged at random", times=times[0], found="read, or refused in a sentence")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n" for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "aliases that multiply": BOMB,
    "a key twice": PARAMS.replace("  batch: 16", "  batch: 16\n  batch: 32", 1),
    "a tag that would run code": PARAMS.replace("  kimg: 120", "  kimg: !!python/object/apply:os.system ['touch mark']", 1),
    "lists ten thousand deep": "[" * 10_000,
    "lists ten thousand deep, after a remark that closes as many": f"# {']' * 10_000}\n{'[' * 10_000}",
    "lists ten thousand deep between apostrophes": f"note: it is 'so\nmore: {'[' * 10_000}\nend: it is 'so\n",
    "a list in the place of a name": f"{PARAMS}\n[[1]]: 1\n",
    "a list nine hundred deep": "[" * 900 + "]" * 900,
    "mappings ten thousand deep": "{a: " * 10_000,
    "lists ten thousand deep on a line": "- " * 10_000,
    "no number": PARAMS.replace("  kimg: 120", "  kimg: .nan", 1),
    "an endless number": PARAMS.replace("  kimg: 120", "  kimg: .inf", 1),
    "a number of 5,000 digits": PARAMS.replace("  batch: 16", "  batch: " + "9" * 5000, 1),
    "bytes that are no text": PARAMS + "\udcff",
    "a place above the folder as a name": PARAMS.replace("  name: dcgan", "  name: ../../etc/passwd", 1),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_parameters_are_clear_errors(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> None:
    """Each is one error that names the file, at once; nothing runs."""
    monkeypatch.chdir(tmp_path)
    path = Path("params.yaml")
    path.write_bytes(HOSTILE[kind].encode("utf-8", "surrogateescape"))
    began = time.process_time()
    said = harmless(lambda: load(path))
    assert time.process_time() - began < 5
    assert said is not None
    assert said.startswith("params.yaml")
    assert len(said) < 20_000
    assert [one.name for one in tmp_path.iterdir()] == ["params.yaml"]
    ledger.add(f"params.yaml with {kind}", found="an error that names the file and says what was expected")
