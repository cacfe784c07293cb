"""What the tests of the explorer share: a tiny model with conditions, and one made by hand whose portraits can be measured."""

import io
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from published import data_set
from torch import Tensor, nn

from ganlib.conditions.attribute import Attribute
from ganlib.conditions.codes import AskedCodes
from ganlib.conditions.conditions import Conditions
from ganlib.methods.conditional import Conditional
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.store import Store
from ganlib.sampling.directions import Direction
from ganlib.sampling.model import Model, write_model
from tasks.explore.app import create_app
from tasks.explore.opened import Opened, open_folder
from tasks.explore.press import Press
from tasks.explore.shelf import Shelf
from tasks.explore.training import Training

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette wants another package for the same thing
    from starlette.testclient import TestClient

HERE = "http://127.0.0.1:8765"
HOSTILE = "<img src=x onerror=alert(1)>"
CONDITIONS = Conditions(
    (
        Attribute("hair_colour", ("black", "red", HOSTILE), (0.5, 0.3, 0.2)),
        Attribute("glasses", ("none", "round", "square"), (0.6, 0.1, 0.3)),
        Attribute("hair_length", knots=tuple(np.linspace(0.2, 0.9, 17).tolist())),
    )
)
COLOURS = {"black": (10, 10, 10), "red": (200, 30, 30), HOSTILE: (30, 30, 200)}


def publish(folder: Path, seed: int = 0, dataset: str = "5" * 32, size: int = 16, width: int = 4) -> Path:
    """A model that was never trained, which can be asked for CONDITIONS, with its discriminator."""
    folder.mkdir(parents=True, exist_ok=True)
    method = Conditional(network=Dcgan(latent=5, width=width), conditions=tuple(CONDITIONS.names))
    torch.manual_seed(seed)
    generator = method.given(CONDITIONS, size, 3)
    discriminator = method.network.discriminator(size, 3, 1 + CONDITIONS.width)
    card = {"dataset": dataset, "size": size, "channels": 3, "latent": 5 + 3, "kimg": 1.5, "conditions": CONDITIONS.plain()}
    write_model(folder, {"generator": generator, "discriminator": discriminator}, method, card)
    return folder


def publish_with_data(folder: Path) -> tuple[Path, Path]:
    """A model, and the data set that it says it learnt from."""
    dataset = data_set(folder / "dataset")
    return publish(folder / "model", dataset=Store.open(dataset).digest), dataset


class Barber(nn.Module):
    """Draws, by rule, pictures of 32 pixels: a bar of hair as long and of the colour that it is told, on paper as light as its
    first free number says; glasses are a dark line."""

    def __init__(self) -> None:
        super().__init__()
        colours = torch.tensor([COLOURS[value] for value in CONDITIONS.attributes[0].values]) / 127.5 - 1
        self.colours = nn.Parameter(colours)

    def forward(self, told: Tensor) -> Tensor:
        free, hair, glasses, length = told[:, :4], told[:, 4:7], told[:, 7:10], told[:, 10]
        rows = torch.arange(32)[None, :, None]
        paper = (0.8 + 0.1 * torch.tanh(free[:, 0]))[:, None, None, None].expand(-1, 3, 32, 32).clone()
        tall = 32 * (0.2 + 0.7 * (length + 1) / 2)
        covered = (rows < tall[:, None, None]) & (torch.arange(32)[None, None] < 12)
        paper = torch.where(covered[:, None], (hair @ self.colours)[:, :, None, None], paper)
        line = (rows == 16) & (torch.arange(32)[None, None] >= 16) & (glasses[:, 0] < 0.5)[:, None, None]
        return torch.where(line[:, None], -torch.ones(()), paper)


def by_hand() -> Opened:
    """The model that draws so, opened; the one direction that has a name makes the paper lighter."""
    generator = AskedCodes(Barber(), CONDITIONS, 4).eval()
    model = Model(generator, 4 + 3, 32, 3, "b" * 64, {"method": {"name": "by hand"}, "dataset": "none"}, CONDITIONS)
    return Opened(model, (Direction("paper", "fitted", 1, (1.0,) + 6 * (0.0,), None, None, 0.0, 0.0, {}),))


def hair(picture: NDArray[Any]) -> float:
    """How long the hair is on uint8 [32, 32, 3] of a `Barber`, as a share of the height: the rows unlike the paper."""
    column, paper = picture[:, 3].astype(int), picture[31, 31].astype(int)
    return float((np.abs(column - paper).max(axis=1) > 60).mean())


def pixels_of(png: bytes) -> NDArray[np.uint8]:
    """The pixels of a PNG."""
    return np.asarray(Image.open(io.BytesIO(png)))


def app_for(model: Path, dataset: Path | None = None, press: Press | None = None, **more: Any) -> Any:
    """The server; where nothing is said of a registry, there is none."""
    more = {"question": lambda *_: (None, "nothing answers"), **more}
    return create_app(Shelf(model, model.parent / "cache", **more), Training(dataset or model.parent / "no"), press)


def client_for(model: Path, dataset: Path | None = None, press: Press | None = None, **more: Any) -> TestClient:
    """A client of the server, in the same process; to be entered."""
    return TestClient(app_for(model, dataset, press, **more), base_url=HERE, raise_server_exceptions=False)


def slowly(folder: Path, gate: Any) -> Opened:
    """The model in `folder`, whose generator waits for `gate` (a threading.Event) before it draws."""
    opened = open_folder(folder)
    opened.model.generator.register_forward_pre_hook(lambda *_: gate.wait(20) and None)
    return opened


def broken(folder: Path) -> Opened:
    """The model in `folder`, whose generator fails."""

    def fail(*_: Any) -> None:
        raise RuntimeError("Traceback: secret of the house")

    opened = open_folder(folder)
    opened.model.generator.register_forward_pre_hook(fail)
    return replace(opened, judge=None)
