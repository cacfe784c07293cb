"""`python -m tasks.sample`, steered: what is asked for is drawn, and mistakes are answered with a sentence."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import PROJECT
from linear import LATENT, gauge, speaking
from PIL import Image
from test_latent import FREE, GIVEN
from test_latent import folder as conditional  # noqa: F401  a model folder

from ganlib.methods.gan import Gan
from ganlib.metrics.inputs import asked
from ganlib.nets.dcgan import Dcgan
from ganlib.sampling.asked import values_of
from ganlib.sampling.draw import codes_for, decode
from ganlib.sampling.model import Model, load_model, write_model
from tasks import places, sample
from tasks.cli import run


@pytest.fixture
def folder(conditional: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """A project with a model that can be asked for things; the working directory."""
    shutil.copytree(conditional, tmp_path / places.MODEL)
    shutil.copy(PROJECT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def steered(*options: str) -> None:
    """Run the command."""
    sys.argv = ["sample", *options]
    sample.main()


def answered(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Run the command, which is a mistake; what it says. Nothing is left behind."""
    sys.argv = ["sample", *options]
    with pytest.raises(SystemExit) as ended:
        run(sample.main)
    assert ended.value.code == 2
    assert not Path("out").exists()
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_what_is_set_is_asked_for_in_every_picture(folder: Path) -> None:
    """The table beside the pictures says so as scores read it; free numbers are those of the seed, nearer to 0 by ψ."""
    steered("--out", "out", "--number", "20", "--seed", "5", "--set", "hair=blond", "--set", "length=0.5", "--truncation", "0.5")
    table = pd.read_parquet("out/labels.parquet")
    assert set(table["label.hair"]) == {"blond"}
    assert table["label.length"].to_numpy() == pytest.approx(0.5, abs=1e-6)
    assert asked(folder / "out", "hair", 20) == ["blond"] * 20
    assert set(asked(folder / "out", "glasses", 20) or []) == {None, "round"}  # as the model has them: not set
    model = load_model(places.MODEL)
    codes = GIVEN.turned(codes_for(5, range(20), model.latent), {"hair": "blond", "length": 0.5})
    codes[:, :FREE] /= 2
    assert np.array_equal(np.load("out/pictures.npy"), decode(model.generator, codes))
    card = json.loads(Path("out/samples.json").read_text())
    assert (card["set"], card["truncation"], card["number"]) == ({"hair": "blond", "length": 0.5}, 0.5, 20)


def test_the_pipelines_samples_say_what_each_was_to_be(folder: Path) -> None:
    """A row for each picture, even where nothing was set; the same bytes every time."""
    from ganlib.sampling.config import SampleConfig

    for name in ("one", "two"):
        sample.sample(places.MODEL, SampleConfig(number=30, rows=2, columns=2, strips=1, steps=3), Path(name))
    assert Path("one/labels.parquet").read_bytes() == Path("two/labels.parquet").read_bytes()
    model = load_model(places.MODEL)
    told = values_of(model, codes_for(0, range(30), model.latent))
    assert pd.read_parquet("one/labels.parquet")["label.hair"].tolist() == told["hair"]


def test_models_without_conditions_have_no_such_table(folder: Path) -> None:
    """Their pictures were not asked for anything."""
    unconditional("plain")
    steered("--model", "plain", "--out", "out", "--number", "4")
    assert not Path("out/labels.parquet").exists()


def test_a_strip_has_a_row_for_each_portrait(folder: Path) -> None:
    """With all classes in their order, or the knobs' number of steps; the card says which value is in which column."""
    steered("--out", "out", "--strip", "hair")
    card = json.loads(Path("out/samples.json").read_text())
    assert (card["strip"], card["values"]) == ("hair", ["black", "blond", "red"])
    assert np.load("out/pictures.npy").shape == (4 * 3, 16, 16, 3)
    assert Path("out/sheet.png").exists()
    steered("--out", "out", "--strip", "length")
    assert len(json.loads(Path("out/samples.json").read_text())["values"]) == 9


def test_a_mixture_leads_from_one_seeds_portrait_to_the_others(folder: Path) -> None:
    """Its first picture is the one's, the last of the second row, which asks for what the other asks for, the other's."""
    steered("--out", "out", "--mix", "3", "8")
    pictures, model = np.load("out/pictures.npy"), load_model(places.MODEL)
    first, second = (decode(model.generator, codes_for(seed, range(1), model.latent))[0] for seed in (3, 8))
    assert len(pictures) == 18
    assert np.abs(pictures[0].astype(int) - first).max() <= 1  # the great circle's rounding
    assert np.abs(pictures[-1].astype(int) - second).max() <= 1


def test_a_picture_is_projected_into_a_model(folder: Path) -> None:
    """Of any size; the picture as the model sees it and what was found, side by side, and the code on the card."""
    unconditional("plain")
    Image.new("RGB", (70, 50), (200, 30, 30)).save("mine.jpg")
    steered("--model", "plain", "--out", "out", "--project", "mine.jpg")
    found = json.loads(Path("out/samples.json").read_text())["projection"]
    picture, again = np.load("out/pictures.npy")
    model = load_model(Path("plain"))
    assert np.array_equal(decode(model.generator, torch.tensor([found["code"]]))[0], again)
    assert found["error"] == pytest.approx(np.sqrt(np.mean((picture.astype(float) - again) ** 2)), rel=1e-4)


def test_directions_are_found_once_and_followed_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lie beside what was drawn, and where the next command finds them without anybody looking again."""
    from ganlib.sampling import model as models
    from tasks import steer

    monkeypatch.setattr(models, "load_model", lambda place: speaking())
    monkeypatch.setattr(steer, "reader_of", lambda names=None: gauge())
    steered("--out", "out", "--directions")
    listed = json.loads(Path("out/directions.json").read_text())
    assert listed["directions"][0]["name"] == "brightness"
    assert len(listed["directions"][0]["coordinates"]) == LATENT
    monkeypatch.setattr(steer, "reader_of", lambda names=None: pytest.fail("looked again"))
    steered("--out", "out", "--along", "brightness")
    rows = np.load("out/pictures.npy").reshape(4, 9, -1).mean(axis=2)
    assert (np.diff(rows, axis=1) > 0).all()
    [kept] = places.DIRECTIONS.glob("*/directions.json")
    kept.write_text("half of it")
    monkeypatch.setattr(steer, "reader_of", lambda names=None: gauge())
    steered("--out", "out", "--along", "brightness")
    assert json.loads(kept.read_text()) == listed


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (("--set", "lenght=1"), "lenght: expected one of the model's attributes (length, hair, glasses)"),
        (("--set", "hair=rad"), "hair: expected one of red, black, blond; found rad"),
        (("--set", "length=7"), "length: expected a number from 0.1 to 0.9, found 7"),
        (("--set", 100_000 * "x"), "expected an attribute and its value"),
        (("--strip", "hat"), "hat: expected one of the model's attributes (hair, length, glasses)"),
        (("--truncation", "-1"), "--truncation: expected a number from 0 to 1, found -1"),
        (("--truncation", "much"), "--truncation: expected a number from 0 to 1, found much"),
        (("--number", "-5"), "--number: expected a whole number from 1 to 1,000,000, found -5"),
        (("--number", "1000000000000"), "found 1000000000000"),
        (("--number", "1.5"), "found 1.5"),
        (("--seed", "-1"), "--seed: expected a whole number from 0 to"),
        (("--mix", "1", "x"), "--mix: expected a whole number from 0 to"),
        (("--project", "none.png"), "none.png: expected the file of a picture, found nothing there"),
        (("--project", "params.yaml"), "params.yaml: expected a picture (PNG, JPEG, WebP, GIF, BMP or TIFF), found one that is"),
        (("--model", "nowhere"), "expected a trained model here, found none"),
    ],
)
def test_mistakes_are_answered(folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], answer: str) -> None:
    """What was expected, what was found; exit code 2 and nothing drawn."""
    assert answer in answered(capsys, "--out", "out", *options)


def test_what_params_yaml_draws_is_not_steered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any option needs --out: artifacts/samples is what params.yaml says."""
    assert "--set: expected --out FOLDER with it, found none" in answered(capsys, "--set", "hair=red")
    assert "--mix: expected --out" in answered(capsys, "--mix", "1", "2")


def test_a_model_without_conditions_cannot_be_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what can be done instead."""
    unconditional("plain")
    said = answered(capsys, "--model", "plain", "--out", "out", "--set", "hair=red")
    assert "found one that was trained without conditions" in said
    assert "--directions" in said


def unconditional(name: str) -> Model:
    """A model that was never trained, of codes alone."""
    Path(name).mkdir()
    method = Gan(network=Dcgan(width=4, latent=8))
    torch.manual_seed(0)
    card = {"size": 16, "channels": 3, "latent": 8, "dataset": "none", "kimg": 0}
    write_model(Path(name), {"generator": method.generator(16, 3)}, method, card)
    return load_model(Path(name))
