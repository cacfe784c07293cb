"""IDX files as a source: from a folder or from an address, digest checked."""

import gzip
import hashlib
import io
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from drawing import pixels, put
from PIL import Image

from ganlib.errors import AtelierError
from ganlib.pictures.sources import idx
from ganlib.pictures.sources.idx import CLASSES as NAMES
from ganlib.pictures.sources.idx import FASHION_MNIST, Idx

IMAGES = np.stack([pixels(seed, 28, 1)[..., 0] for seed in range(4)])
CLASSES = np.array([0, 9, 3, 12], np.uint8)
IMAGES_NAME, LABELS_NAME = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def _idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, packed, and their labels, not packed."""
    put(tmp_path / f"{IMAGES_NAME}.gz", gzip.compress(_idx(IMAGES)))
    put(tmp_path / LABELS_NAME, _idx(CLASSES))
    return tmp_path


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    """The folder, served."""
    (folder / LABELS_NAME).unlink()
    put(folder / f"{LABELS_NAME}.gz", gzip.compress(_idx(CLASSES)))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def _local(folder: Path) -> Idx:
    return Idx(path=str(folder), parts=["train"], sha256={}, classes=list(NAMES))


def test_pictures_and_classes_are_read(folder: Path) -> None:
    """Pixels survive, classes have names, and a class without a name keeps its number."""
    pictures = list(_local(folder).pictures())
    for picture, image in zip(pictures, IMAGES, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(picture.data))), image)
    assert [picture.labels["class"] for picture in pictures] == ["T-shirt/top", "Ankle boot", "Dress", "12"]
    assert pictures[1].name == "train-00001.png"
    assert _local(folder).count() == 4


def test_labels_are_optional(folder: Path) -> None:
    """Without a file of labels the pictures have no class."""
    (folder / LABELS_NAME).unlink()
    assert [picture.labels for picture in _local(folder).pictures()] == [{"part": "train"}] * 4


def test_files_are_fetched_and_checked(address: str) -> None:
    """With the right digests, pictures come from an address; with a wrong one, nothing does."""
    right = {name: hashlib.sha256(_idx(array)).hexdigest() for name, array in ((IMAGES_NAME, IMAGES), (LABELS_NAME, CLASSES))}
    source = Idx(url=address, inward=True, parts=["train"], sha256=right, classes=list(NAMES))
    assert source.count() == 4
    assert [picture.labels["class"] for picture in source.pictures()][:2] == ["T-shirt/top", "Ankle boot"]
    with pytest.raises(AtelierError, match=rf"{IMAGES_NAME}\.gz: expected the sha256 {FASHION_MNIST[IMAGES_NAME]}"):
        list(Idx(url=address, inward=True, parts=["train"]).pictures())
    with pytest.raises(AtelierError, match=r"expected its digest under collect\.sha256"):
        list(Idx(url=address, inward=True, parts=["train"], sha256={}).pictures())


def test_labels_that_are_not_fetched_are_named(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without their digest the pictures come without a class, which is said."""
    digests = {IMAGES_NAME: hashlib.sha256(_idx(IMAGES)).hexdigest()}
    source = Idx(url=address, inward=True, parts=["train"], sha256=digests)
    assert [picture.labels for picture in source.pictures()] == [{"part": "train"}] * 4
    assert f"{LABELS_NAME}: expected its digest under collect.sha256, found none; it was not fetched." in capsys.readouterr().err


def test_an_address_that_does_not_answer_is_one_error(address: str) -> None:
    """A missing file, a closed port and a scheme that is not the web's each are one sentence."""
    with pytest.raises(AtelierError, match=r"other-images.*could not fetch it \(File not found\)"):
        Idx(url=address, inward=True, parts=["other"], sha256={"other-images-idx3-ubyte": "0"}).count()
    with pytest.raises(AtelierError, match="could not fetch it"):
        Idx(url="http://127.0.0.1:1", inward=True).count()
    with pytest.raises(AtelierError, match=r"begins with https:// or http://"):
        Idx(url="file:///etc").count()
    with pytest.raises(AtelierError, match=r"expected collect\.path .* or collect\.url, found neither"):
        Idx().count()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (f"{IMAGES_NAME}.gz", gzip.compress(_idx(IMAGES))[:-30], "expected a gz file, found it damaged"),
        (f"{IMAGES_NAME}.gz", gzip.compress(_idx(IMAGES)[:-5]), "expected .4, 28, 28. bytes after the header, found 3131"),
        (f"{IMAGES_NAME}.gz", gzip.compress(b"text", mtime=0), "expected an IDX file of bytes with 3 dimensions"),
        (LABELS_NAME, _idx(CLASSES[:3]), "expected a label for each of 4 pictures, found 3"),
    ],
)
def test_a_damaged_file_is_one_error(folder: Path, name: str, content: bytes, message: str) -> None:
    """Cut short, wrong inside, or not fitting its labels: each is told apart."""
    put(folder / name, content)
    with pytest.raises(AtelierError, match=message):
        list(_local(folder).pictures())


@pytest.mark.parametrize("shape", [(3, 0, 28), (3, 28, 0), (2**32 - 1, 0, 0)])
def test_pictures_without_pixels_are_one_error(folder: Path, shape: tuple[int, int, int]) -> None:
    """Also when they are only counted."""
    put(folder / f"{IMAGES_NAME}.gz", bytes([0, 0, 8, 3]) + np.array(shape, ">u4").tobytes())
    found = rf"found {shape[0]:,} of {shape[2]} × {shape[1]} pixels"
    with pytest.raises(AtelierError, match=f"expected pictures of a pixel or more, {found}"):
        _local(folder).count()


@pytest.mark.parametrize("name", [f"{IMAGES_NAME}.gz", IMAGES_NAME])
def test_no_more_is_read_than_a_file_may_have(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Packed or not, it is refused in a sentence, not cut short."""
    (folder / f"{IMAGES_NAME}.gz").unlink()
    put(folder / name, gzip.compress(_idx(IMAGES)) if name.endswith(".gz") else _idx(IMAGES))
    monkeypatch.setattr(idx, "LARGEST", 3100)
    with pytest.raises(AtelierError, match=rf"{name}: expected at most 3,100 bytes, packed or not, found more"):
        _local(folder).count()


def test_another_data_set_is_not_taken_for_fashion_mnist(folder: Path) -> None:
    """The default digests are Fashion-MNIST's; a folder of other files of the same names is refused."""
    with pytest.raises(AtelierError, match="if it is another data set's, give its digest"):
        list(Idx(path=str(folder), parts=["train"]).pictures())
    with pytest.raises(AtelierError, match=r"expected train-images-idx3-ubyte\.gz or .* found neither"):
        Idx(path=str(folder.parent)).count()


def test_only_fashion_mnist_has_its_names_and_licence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is, digests tell: other files have no licence that nobody gave, and classes with numbers."""
    other = next(iter(Idx(path=str(folder), parts=["train"], sha256={}).pictures()))
    assert (other.licence, other.attribution, other.labels["class"]) == ("", "", "0")
    digests = {IMAGES_NAME: hashlib.sha256(_idx(IMAGES)).hexdigest()}
    monkeypatch.setattr(idx, "FASHION_MNIST", digests)
    known = next(iter(Idx(path=str(folder), parts=["train"], sha256=digests).pictures()))
    assert (known.licence, known.attribution) == ("MIT", "Fashion-MNIST, Copyright 2017 Zalando SE")
    assert known.labels["class"] == "T-shirt/top"
    given = next(iter(Idx(path=str(folder), parts=["train"], sha256=digests, licence="CC0-1.0").pictures()))
    assert given.licence == "CC0-1.0"
