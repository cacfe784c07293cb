"""A trained generator goes on to a new style: from where it stood, with what is held held, to what can be asked for the same."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import PROJECT
from drawing import pixels
from learners import CPU, same, squares, state, take_steps
from PIL import Image
from ruamel.yaml import YAML
from test_latent import FREE, GIVEN, LATENT

from ganlib.config import load
from ganlib.errors import AtelierError
from ganlib.methods.conditional import Conditional
from ganlib.methods.gan import Game, Gan
from ganlib.methods.vae import Vae
from ganlib.metrics.adaptation import measure, warnings
from ganlib.metrics.config import EvaluateConfig
from ganlib.nets.dcgan import Dcgan
from ganlib.objectives import Relativistic
from ganlib.pictures.augment import Augment
from ganlib.pictures.decode import Pixels
from ganlib.pictures.few import few_pictures
from ganlib.sampling.asked import values_of
from ganlib.sampling.draw import codes_for, draw
from ganlib.sampling.model import load_model, write_model
from ganlib.training.adapt import AdaptConfig, _method, adapt, learner_from
from ganlib.training.device import Machine
from ganlib.training.state import from_tensors
from tasks import adapt as task
from tasks.cli import run

CONFIG = AdaptConfig(
    kimg=0.1, batch=10, frozen=1, augment=Augment(["translation"], 0.5), log_kimg=0.05, sample_kimg=0.1, threads=1, device="cpu"
)
MACHINE = Machine("cpu", "float32", 1)
PIXELS = EvaluateConfig(extractor="pixels", size=8)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published game that was never trained."""
    folder = tmp_path_factory.mktemp("plain")
    method = Gan(network=Dcgan(width=4, latent=FREE))
    torch.manual_seed(0)
    networks = {"generator": method.generator(16, 3), "discriminator": method.judge(16, 3)}
    write_model(folder, networks, method, {"size": 16, "channels": 3, "latent": FREE, "dataset": "none", "kimg": 1.0})
    return folder


@pytest.fixture(scope="module")
def conditional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with conditions."""
    folder = tmp_path_factory.mktemp("conditional")
    method = Conditional(network=Dcgan(width=4, latent=FREE), conditions=tuple(GIVEN.names))
    torch.manual_seed(0)
    d = method.network.discriminator(16, 3, 1 + GIVEN.width)
    card = {"size": 16, "channels": 3, "latent": LATENT, "conditions": GIVEN.plain(), "dataset": "none", "kimg": 1.0}
    write_model(folder, {"generator": method.given(GIVEN, 16, 3), "discriminator": d}, method, card)
    return folder


@pytest.fixture(scope="module")
def style() -> Pixels:
    """24 pictures of another style."""
    return np.stack([pixels(seed, 16) for seed in range(24)])


def learner(folder: Path, frozen: int = 1, **changes: object) -> Game:
    """The game as it goes on."""
    config = replace(CONFIG, **changes)  # type: ignore[arg-type]
    torch.manual_seed(1)
    return learner_from(folder, _method(folder, config), MACHINE, 32, frozen)


def test_it_begins_where_the_model_stood(plain: Path) -> None:
    """Generator, its average and discriminator have the published weights; the optimisers are new."""
    begun, model = learner(plain), load_model(plain)
    published = begun.published()
    codes = codes_for(0, range(3), FREE)
    assert torch.equal(published["generator"].eval()(codes), model.generator(codes))
    assert torch.equal(begun.g.eval()(codes), model.generator(codes))
    assert not [name for name in state(begun) if name.startswith("optimiser")]


def test_what_is_frozen_does_not_learn_and_all_else_does(plain: Path) -> None:
    """D's layer next to the picture keeps its bits; also G's steps, which hold all of D for a while, do not let it go."""
    begun = learner(plain, frozen=1)
    before = {name: tensor.clone() for name, tensor in state(begun).items()}
    take_steps(begun, squares(), 0, 3)
    changed = {name for name, tensor in state(begun).items() if name in before and not torch.equal(tensor, before[name])}
    weights = {name for name in before if name.startswith("discriminator/")}
    assert weights - changed == {"discriminator/blocks.0.weight", "discriminator/blocks.0.bias"}
    assert {name for name in before if name.startswith("generator/") and name.endswith("weight")} <= changed


def test_an_adaptation_taken_up_again_ends_with_the_same_bits(plain: Path) -> None:
    """Six steps, a checkpoint taken up by another learner, six more: as twelve in a row."""
    whole, other = learner(plain), learner(plain)
    take_steps(whole, squares(), 0, 6)
    kept = state(whole)
    take_steps(whole, squares(), 6, 12)
    from_tensors(other.parts(), kept)
    take_steps(other, squares(), 6, 12)
    assert same(state(whole), state(other))


def test_a_model_is_adapted_and_published(plain: Path, style: Pixels, tmp_path: Path) -> None:
    """Its card says from what, and of how many pictures; the run is finished, and the same command has nothing to do."""
    done = adapt(plain, style, CONFIG, tmp_path / "out", tmp_path / "runs")
    assert (done.images, done.stopped_by) == (100, None)
    card = json.loads((tmp_path / "out/model.json").read_text())
    assert (card["adapted"]["pictures"], card["adapted"]["from"]) == (24, load_model(plain).digest)
    assert (tmp_path / "out/README.md").exists()
    drawn = draw(load_model(tmp_path / "out").generator, FREE, 5, 0)
    assert not np.array_equal(drawn, draw(load_model(plain).generator, FREE, 5, 0))
    again = adapt(plain, style, CONFIG, tmp_path / "again", tmp_path / "runs")
    assert again.run == done.run
    assert np.array_equal(draw(load_model(tmp_path / "again").generator, FREE, 5, 0), drawn)


def test_it_can_be_asked_for_the_same_as_before(conditional: Path, style: Pixels, tmp_path: Path) -> None:
    """Nobody says what the few pictures show; what generated ones were to be is still known."""
    adapt(conditional, style, CONFIG, tmp_path / "out", tmp_path / "runs")
    model = load_model(tmp_path / "out")
    codes = GIVEN.turned(codes_for(0, range(4), LATENT), {"hair": "red", "length": 0.5})
    assert model.conditions == GIVEN
    assert values_of(model, codes)["hair"] == ["red"] * 4
    assert "told_fake" in json.loads((tmp_path / "out/history.jsonl").read_text().splitlines()[0])


def test_what_cannot_be_adapted_is_refused(plain: Path, style: Pixels, tmp_path: Path) -> None:
    """A model of a method without a discriminator, one whose discriminator is gone, more frozen layers than there are."""
    vae = Vae(network=Dcgan(width=4, latent=FREE))
    (tmp_path / "vae").mkdir()
    card = {"size": 16, "channels": 3, "latent": FREE, "dataset": "none", "kimg": 1.0}
    write_model(tmp_path / "vae", {"generator": vae.generator(16, 3), "discriminator": vae.generator(16, 3)}, vae, card)
    with pytest.raises(AtelierError, match="trained by method gan or conditional, whose D judges pictures, found vae"):
        adapt(tmp_path / "vae", style, CONFIG, tmp_path / "out", tmp_path / "runs")
    shutil.copytree(plain, tmp_path / "half")
    (tmp_path / "half/discriminator.safetensors").unlink()
    with pytest.raises(AtelierError, match=r"discriminator.safetensors: expected the model's discriminator, found none"):
        adapt(tmp_path / "half", style, CONFIG, tmp_path / "out", tmp_path / "runs")
    with pytest.raises(AtelierError, match=r"adapt\.frozen: expected fewer layers than D has, 3, found 3"):
        learner(plain, frozen=3)


def test_knobs_that_do_not_go_with_the_model_are_named(tmp_path: Path, style: Pixels) -> None:
    """A relativistic game has no target for its augmentation to keep to."""
    model = tmp_path / "model"
    model.mkdir()
    game = Gan(network=Dcgan(width=4, latent=FREE), objective=Relativistic(), penalties={})
    card = {"size": 16, "channels": 3, "latent": FREE, "dataset": "none", "kimg": 1.0}
    parts = {"generator": game.generator(16, 3), "discriminator": game.network.discriminator(16, 3)}
    write_model(model, parts, game, card)
    config = replace(CONFIG, augment=Augment(kinds=("translation",), target=0.6))
    with pytest.raises(AtelierError, match=r"adapt must not have an augmentation with a target"):
        adapt(model, style, config, tmp_path / "out", tmp_path / "runs")


def test_an_extractor_that_cannot_be_had_is_named_before_anything_is_trained(plain: Path, style: Pixels, tmp_path: Path) -> None:
    """That of a classifier, which only an evaluation trains."""
    np.save(tmp_path / "style.npy", style)
    params = replace(load(PROJECT / "params.yaml"), evaluate=EvaluateConfig(extractor="classifier", label="hair"))
    with pytest.raises(AtelierError, match=r"evaluate\.extractor classifier: expected a label"):
        task.adapt(plain, tmp_path / "style.npy", tmp_path / "out", params)
    assert not (tmp_path / "out").exists()


def test_a_few_pictures_come_to_form(tmp_path: Path, style: Pixels, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of files of any size, of which one cannot be read and is left out, aloud; an array."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for place in range(21):
        Image.new("RGB", (30 + place, 40), (place, 0, 0)).save(folder / f"{place:02}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    assert few_pictures(folder, 16, 3).shape == (21, 16, 16, 3)
    assert "Left out: broken.png" in capsys.readouterr().err
    np.save(tmp_path / "few.npy", style)
    assert np.array_equal(few_pictures(tmp_path / "few.npy", 16, 3), style)
    assert few_pictures(tmp_path / "few.npy", 32, 3).shape == (24, 32, 32, 3)


@pytest.mark.parametrize(
    ("array", "answer"),
    [
        (np.zeros((19, 16, 16, 3), np.uint8), "expected at least 20 pictures of the new style, found 19"),
        (np.zeros((30, 16, 16, 3), np.float32), "expected levels 0 to 255 as uint8, found float32"),
        (np.zeros((30, 16), np.uint8), r"found an array uint8 \[30, 16\]"),
        (None, "found nothing there"),
    ],
)
def test_what_are_no_few_pictures_is_refused(tmp_path: Path, array: np.ndarray | None, answer: str) -> None:
    """Too few, other types and shapes, nothing."""
    if array is not None:
        np.save(tmp_path / "few.npy", array)
    with pytest.raises(AtelierError, match=answer):
        few_pictures(tmp_path / "few.npy", 16, 3)


def test_it_is_measured_whether_it_came_nearer_and_copies(style: Pixels) -> None:
    """Pictures of the style itself are near; those few again and again are copies; one picture over and over has no variety."""
    old = np.random.default_rng(0).integers(0, 256, (60, 16, 16, 3), np.uint8)
    more = np.stack([pixels(seed, 16) for seed in range(100, 160)])
    good = measure(old, more, style, PIXELS)
    assert good["distances"]["coarse"]["after"]["value"] < good["distances"]["coarse"]["before"]["value"]
    assert warnings(good, 0.5) == []
    copied = measure(old, np.concatenate([style, style]), style, PIXELS)
    assert copied["copied"]["value"] > 0.9
    assert any(said.startswith("It copies: ") for said in warnings(copied, 0.5))
    same_again = measure(old, np.repeat(more[:1], 60, axis=0), style, PIXELS)
    assert any("less varied" in said for said in warnings(same_again, 0.5))
    assert any("no nearer" in said for said in warnings(measure(more, old, style, PIXELS), 0.0))


def test_the_command_leaves_a_model_and_what_came_of_it(
    plain: Path, style: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The numbers, a sheet of the same codes before and after, and a sentence of each; too few pictures are a sentence, too."""
    tree = YAML(typ="safe").load(PROJECT / "params.yaml")
    tree["adapt"] |= {"kimg": 0.1, "batch": 10, "frozen": 1, "number": 40, "device": "cpu", "threads": 1}
    tree["evaluate"] |= {"extractor": "pixels", "size": 8}
    YAML(typ="safe").dump(tree, tmp_path / "params.yaml")
    np.save(tmp_path / "few.npy", style)
    np.save(tmp_path / "fewer.npy", style[:3])
    monkeypatch.chdir(tmp_path)
    command = ["adapt", "--model", str(plain), "--out", "out", "--pictures"]
    monkeypatch.setattr("sys.argv", [*command, "fewer.npy"])
    with pytest.raises(SystemExit) as ended:
        run(task.main)
    assert ended.value.code == 2
    assert "expected at least 20 pictures of the new style, found 3" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", [*command, "few.npy"])
    run(task.main)
    assert "Distance to the new style, coarse: " in capsys.readouterr().out
    assert {"distances", "diversity", "copied"} < set(json.loads(Path("out/adapt.json").read_text()))
    assert Path("out/before-after.png").exists()
    assert load_model(Path("out")).size == 16


def test_the_knobs_of_the_project_are_those_of_an_adaptation() -> None:
    """Section adapt of params.yaml: a short run, that D sees augmented."""
    config = load().adapt
    assert config.kimg <= 20
    assert config.augment.kinds
    assert MACHINE.torch_device == CPU
