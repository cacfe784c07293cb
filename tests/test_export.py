"""The model for other programs: the same pictures from ONNX and from torch.export, in batches of any size, the same bytes."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from conftest import PROJECT
from games import every_method
from ordering import ASKED, published
from test_nets import SMALL as NETWORKS

import tasks.export
from ganlib.conditions.conditions import Conditions
from ganlib.errors import AtelierError
from ganlib.methods.base import Setting
from ganlib.nets.base import Network
from ganlib.nets.dcgan import Dcgan
from ganlib.sampling import export
from ganlib.sampling.draw import codes_for, draw, to_uint8
from ganlib.sampling.model import Model, load_model

BATCHES = (1, 2, 7, 64)

each_network = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
asked_or_not = pytest.mark.parametrize("conditions", [None, ASKED], ids=["plain", "conditional"])


def _codes_and_pictures(model: Model, number: int) -> tuple[torch.Tensor, torch.Tensor]:
    codes = torch.randn(number, model.latent, generator=torch.Generator().manual_seed(number))
    with torch.no_grad():
        pictures: torch.Tensor = model.generator(codes)
    assert pictures.std() > 0.01  # or all could be alike and agree by chance
    return codes, pictures


@each_network
@asked_or_not
def test_a_graph_draws_what_the_model_draws(network: Network, conditions: Conditions | None, tmp_path: Path) -> None:
    """`generator.pt2` of every network, for one code and for many, to 1e-4."""
    model = published(tmp_path / "model", network, conditions)
    file = io.BytesIO(export.to_graph(export.traced(model.generator, model.latent)))
    graph = torch.export.load(file).module()
    for number in BATCHES:
        codes, pictures = _codes_and_pictures(model, number)
        torch.testing.assert_close(graph(codes), pictures, atol=1e-4, rtol=0)


def test_a_process_that_has_drawn_nothing_yet_traces_as_well(tmp_path: Path) -> None:
    """What layers keep between calls is not to be made while tracing: pictures would be the tracer's ever after."""
    published(tmp_path / "model", NETWORKS["resnet"], None)
    code = (
        "import sys, torch; from pathlib import Path; from ganlib.sampling import export, model;"
        "found = model.load_model(Path(sys.argv[1])); export.traced(found.generator, found.latent);"
        "print(float(found.generator(torch.zeros(2, found.latent)).sum().detach().numpy()) < 1e9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model")], capture_output=True, text=True, check=False, cwd=PROJECT
    )
    assert done.stdout == "True\n", done.stderr[-2000:]


@pytest.mark.slow
@each_network
@pytest.mark.parametrize("conditions", [pytest.param(None, marks=pytest.mark.drill), ASKED], ids=["plain", "conditional"])
def test_onnx_draws_what_the_model_draws(network: Network, conditions: Conditions | None, tmp_path: Path) -> None:
    """`generator.onnx` of every network in onnxruntime, for one code and for many, to 1e-4."""
    model = published(tmp_path / "model", network, conditions)
    export.export(model, tmp_path)
    session = onnxruntime.InferenceSession(str(tmp_path / "generator.onnx"), providers=["CPUExecutionProvider"])
    assert ([item.name for item in session.get_inputs()], [item.name for item in session.get_outputs()]) == (
        ["codes"],
        ["pictures"],
    )
    for number in BATCHES:
        codes, pictures = _codes_and_pictures(model, number)
        [drawn] = session.run(None, {"codes": codes.numpy()})
        np.testing.assert_allclose(drawn, pictures.numpy(), atol=1e-4, rtol=0)


def test_the_module_stays_as_it_is(tmp_path: Path) -> None:
    """In training mode, with gradients; what is written draws as in evaluation."""
    model = published(tmp_path / "model")
    model.generator.train().requires_grad_(True)
    graph = torch.export.load(io.BytesIO(export.to_graph(export.traced(model.generator, model.latent)))).module()
    assert model.generator.training
    assert all(parameter.requires_grad for parameter in model.generator.parameters())
    model.generator.eval()
    codes, pictures = _codes_and_pictures(model, 3)
    torch.testing.assert_close(graph(codes), pictures)


@pytest.mark.slow
def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    """Written twice, from two folders, both files are equal; they name no folder of this machine, and hold no pickle."""
    for place in ("here", "there"):
        export.export(published(tmp_path / place / "model"), tmp_path / place)
    for name in ("generator.onnx", "generator.pt2"):
        content = (tmp_path / "here" / name).read_bytes()
        assert content == (tmp_path / "there" / name).read_bytes(), name
        for folder in (str(tmp_path), str(Path(__file__).parents[1]), sys.prefix, "site-packages"):
            assert folder.encode() not in content
    with zipfile.ZipFile(tmp_path / "here" / "generator.pt2") as archive:
        pickled = [name for name in archive.namelist() if archive.read(name)[:1] in (b"\x80", b"P")]
    assert pickled == []


@pytest.mark.slow
def test_the_command_leaves_a_folder_that_needs_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three files; asked for by the end of a code, ONNX draws the picture that the model draws, to one level; a line a file."""
    model = published(tmp_path / "model")
    monkeypatch.setattr(sys, "argv", ["export", "--model", str(tmp_path / "model"), "--out", str(tmp_path / "out")])
    tasks.export.main()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["generator.onnx", "generator.pt2", "model.json"]
    assert Conditions.from_plain(json.loads((tmp_path / "out/model.json").read_text())["conditions"]) == ASKED
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [str(tmp_path / "out" / name) for name in (export.ONNX, export.GRAPH)]
    session = onnxruntime.InferenceSession(str(tmp_path / "out" / "generator.onnx"), providers=["CPUExecutionProvider"])
    codes = ASKED.turned(codes_for(3, range(4), model.latent), {"hair": "red", "length": 0.9})
    [drawn] = session.run(None, {"codes": codes.numpy()})
    difference = to_uint8(torch.from_numpy(drawn)).astype(int) - to_uint8(model.generator(codes).detach())
    assert abs(difference).max() <= 1
    assert not np.array_equal(to_uint8(torch.from_numpy(drawn)), draw(model.generator, model.latent, 4, seed=3))


def test_what_draws_otherwise_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that differ by more than 1e-4, or by what is no number, are not left for anybody to use."""
    published(tmp_path / "model")
    monkeypatch.setattr(export, "export", lambda model, folder: None)
    for off in (2e-4, float("nan")):
        monkeypatch.setattr(export, "deviations", lambda model, folder, codes, off=off: {"generator.onnx": off})
        with pytest.raises(AtelierError, match=r"expected pictures that differ by at most 0\.0001 .* thrown away"):
            tasks.export.export(tmp_path / "model", tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_a_generator_that_cannot_be_traced_is_said(tmp_path: Path) -> None:
    """That of carving, which walks down a slope: a sentence, with what to do instead."""
    methods = dict(every_method(Dcgan(width=4, latent=8), energy={"draw_steps": 2}))
    learner = methods["energy"].learner(Setting(16, 3, 50, torch.device("cpu"), torch.float32))
    with pytest.raises(AtelierError, match=r"found one that cannot .* python -m tasks\.sample"):
        export.traced(learner.published()["generator"], learner.latent)


def test_a_missing_package_is_said_with_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written without onnxscript, and nothing passes for tried without onnxruntime."""
    model = published(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(
        AtelierError, match=r"onnxscript, found none; nothing was written\. Install it: pip install '\.\[export\]'"
    ):
        export.export(model, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (tmp_path / "generator.pt2").write_bytes(export.to_graph(export.traced(model.generator, model.latent)))
    with pytest.raises(AtelierError, match="Expected the package onnxruntime to try"):
        export.deviations(model, tmp_path, torch.zeros(1, model.latent))


def test_a_model_that_is_not_there_is_said(tmp_path: Path) -> None:
    """As everywhere."""
    with pytest.raises(AtelierError, match="expected a trained model here, found none"):
        tasks.export.export(tmp_path, tmp_path / "out")
    with pytest.raises(AtelierError):
        load_model(tmp_path)
