"""The planter of defects: as many as asked for, the same for the same seed, with names that tell nothing and a true truth."""

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bench.defects import DEFECTS
from bench.planter import plant
from ganlib.errors import AtelierError
from ganlib.pictures.decode import Pixels

SIDE, EACH, INNOCENT = 32, 2, 50
SPARE = EACH * sum(defect.of == "spare" for defect in DEFECTS.values())


def _smooth(number: int, seed: int) -> Pixels:
    """Pictures without sharp edges, so that JPEG and palettes change little; no two are alike."""
    dice = np.random.default_rng(seed)
    coarse = dice.integers(0, 256, (number, 4, 4, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for one in coarse])


PICTURES, STRANGERS, CLUSTER = _smooth(SPARE + INNOCENT, 0), _smooth(10, 1), _smooth(10, 2)


def _plant(folder: Path, seed: int = 0, each: int = EACH) -> pd.DataFrame:
    return plant(folder, PICTURES, STRANGERS, CLUSTER, seed, each)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `truth` lies."""
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def truth(folder: Path) -> pd.DataFrame:
    """What was planted there."""
    return _plant(folder)


def test_every_defect_is_planted_as_often_as_asked_for(folder: Path, truth: pd.DataFrame) -> None:
    """A row a file, `each` of them a defect; every other picture is innocent, as it was."""
    assert list(truth.columns) == ["name", "defect", "kind", "twin_of"]
    assert Counter(truth["defect"]) == {code: EACH for code in DEFECTS} | {"": INNOCENT}
    assert sorted(truth["name"]) == sorted(_files(folder))
    assert all(truth["kind"] == ["" if not code else DEFECTS[code].kind for code in truth["defect"]])
    clean = {picture.tobytes() for picture in PICTURES}
    assert {_shown(folder / name).tobytes() for name in truth.loc[truth["defect"] == "", "name"]} <= clean


def test_the_same_seed_plants_the_same_bytes(folder: Path, truth: pd.DataFrame, tmp_path: Path) -> None:
    """Another seed other ones."""
    pd.testing.assert_frame_equal(_plant(tmp_path / "again"), truth)
    assert _files(tmp_path / "again") == _files(folder)
    assert not _plant(tmp_path / "other", seed=1)["defect"].equals(truth["defect"])


def test_names_do_not_tell(truth: pd.DataFrame) -> None:
    """All stems are of one form, and their order is random; an extension is a format."""
    stems = truth.loc[truth["kind"] != "junk", "name"].str.extract(r"^(a\d{6})\.(?:png|jpg|gif|webp)$")[0]
    assert stems.notna().all()
    assert stems.is_unique
    spoiled = (truth["defect"] != "").to_numpy()
    assert abs(np.flatnonzero(spoiled).mean() - np.flatnonzero(~spoiled).mean()) < 4 * _error(spoiled)


def _error(spoiled: NDArray[np.bool_]) -> float:
    """The standard deviation of the difference of two means of places, where the places were dealt at random."""
    number, some = len(spoiled), int(spoiled.sum())
    return float(np.sqrt((number**2 - 1) / 12 * (1 / some + 1 / (number - some))))


def test_every_copy_names_an_innocent_original(folder: Path, truth: pd.DataFrame) -> None:
    """Each original has one copy, and only copies have one; an exact one has its bytes, or else its pixels."""
    copies = truth[truth["twin_of"].notna()]
    assert set(copies["kind"]) == {"exact", "near", "toned"}
    assert truth.loc[truth["kind"].isin(["exact", "near"]), "twin_of"].notna().all()
    assert copies["twin_of"].is_unique
    assert set(copies["twin_of"]) <= set(truth.loc[truth["defect"] == "", "name"])
    for name, defect, twin in copies[["name", "defect", "twin_of"]].itertuples(index=False):
        same = (folder / name).read_bytes() == (folder / twin).read_bytes()
        assert same == (defect == "same-bytes")
        if defect == "same-pixels":
            assert (_shown(folder / name) == _shown(folder / twin)).all()


def test_a_near_copy_is_near(folder: Path, truth: pd.DataFrame) -> None:
    """As large as its original and turned as it is, it is nearer to it than to any other picture."""
    innocent = {name: _shown(folder / name) for name in truth.loc[truth["defect"] == "", "name"]}
    for name, defect, twin in truth.loc[truth["kind"] == "near", ["name", "defect", "twin_of"]].itertuples(index=False):
        copy = np.asarray(Image.fromarray(_shown(folder / name)).resize((SIDE, SIDE)))
        upright = copy[:, ::-1] if defect.startswith("mirrored") else copy
        distances = {other: _apart(upright, picture) for other, picture in innocent.items()}
        assert min(distances, key=lambda other: distances[other]) == twin, defect
        assert _apart(copy, innocent[twin]) > 0, defect


FORMATS = [code for code, defect in DEFECTS.items() if defect.kind == "format"]


@pytest.mark.parametrize("code", FORMATS)
def test_a_picture_in_an_odd_form_is_the_picture(code: str) -> None:
    """Read with care it is what was given, but for what its form loses (colour, or all but 256 of them) or hides (corners)."""
    picture = PICTURES[0]
    shown = _shown(DEFECTS[code].spoil(picture, np.random.default_rng(0)).data)
    meant = picture
    if code == "grey-16":
        meant = np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))
    if code == "alpha":
        inwards = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1])
        meant = np.where((np.add.outer(inwards, inwards) < SIDE // 8)[..., None], shown, picture)
        assert (shown[[0, 0, -1, -1], [0, -1, 0, -1]] == 255).all()
    lossy = {"cmyk": 4, "palette": 10, "rotated": 4, "animated-gif": 10, "animated-webp": 4}
    assert _apart(shown, meant) <= lossy.get(code, 0)


@pytest.mark.parametrize("code", [code for code, defect in DEFECTS.items() if defect.kind in ("quality", "worthless")])
def test_what_is_spoiled_can_be_read_and_shows_it(code: str) -> None:
    """A picture that no longer is what it was."""
    shown = _shown(DEFECTS[code].spoil(PICTURES[0], np.random.default_rng(0)).data)
    assert shown.shape != PICTURES[0].shape or _apart(shown, PICTURES[0]) > 3


def test_the_forms_are_what_they_are_said_to_be() -> None:
    """Modes, frames, orientation and extension, as Pillow reads them."""
    files = {code: DEFECTS[code].spoil(PICTURES[0], np.random.default_rng(0)) for code in FORMATS}
    images = {code: Image.open(io.BytesIO(file.data)) for code, file in files.items()}
    modes = {"cmyk": "CMYK", "grey-16": "I;16", "palette": "P", "alpha": "RGBA"}
    assert {code: images[code].mode for code in modes} == modes
    assert (images["wrong-extension"].format, files["wrong-extension"].name) == ("PNG", "{}.jpg")
    assert {getattr(images[f"animated-{form}"], "n_frames", 1) for form in ("gif", "webp")} == {2}
    assert images["rotated"].getexif()[0x0112] == 6


def test_too_few_pictures_are_one_error(tmp_path: Path) -> None:
    """It says how many are needed; nothing is written."""
    with pytest.raises(AtelierError, match=r"Expected at least \d+ clean pictures to plant defects with, found"):
        _plant(tmp_path / "out", each=20)
    with pytest.raises(AtelierError, match=r"Expected at least 2 strangers to plant defects with, found 1"):
        plant(tmp_path / "out", PICTURES, STRANGERS[:1], CLUSTER, 0, EACH)
    assert not (tmp_path / "out").exists()


def _shown(file: Path | bytes) -> Pixels:
    """What a careful reader makes of a file: first frame, upright, 8 bits, on white. Written apart from the project's decoder."""
    with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode == "I;16":
            upright = Image.fromarray((np.asarray(upright) // 257).astype(np.uint8))
        layers = upright.convert("RGBA")
        return np.asarray(Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers).convert("RGB"))


def _apart(one: Pixels, other: Pixels) -> float:
    """Levels of 255, the root of the mean square."""
    return float(np.sqrt(((one.astype(float) - other) ** 2).mean()))
