"""What the tests of export and serving share: published models as small as can be, some of which can be asked for something."""

from pathlib import Path

import torch

from ganlib.conditions.conditions import Conditions, of_labels
from ganlib.knobs import build
from ganlib.methods import METHODS
from ganlib.nets.base import Network
from ganlib.nets.dcgan import Dcgan
from ganlib.sampling.model import Model, load_model, made, write_model

SIZE = 16
SMALL = Dcgan(width=8, max_width=16, latent=6)
#: A class and a number.
ASKED = of_labels({"hair": ["black", "red", "blond", "red"] * 5, "length": [place / 20 for place in range(20)]})


def published(folder: Path, network: Network = SMALL, conditions: Conditions | None = ASKED, seed: int = 0) -> Model:
    """A model with weights as after some training, whose pictures have contrasts, in the new folder `folder`."""
    torch.manual_seed(seed)
    names = {"conditions": tuple(conditions.names)} if conditions else {}
    method = build(METHODS["conditional" if conditions else "gan"], {"network": network, "penalties": {}, **names})
    generator = made(method, conditions, SIZE, 3)
    latent = network.latent + len(conditions.attributes if conditions else ())
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for _ in range(3):
            generator.train()(torch.randn(16, latent))
    card = {"dataset": "5" * 32, "size": SIZE, "channels": 3, "latent": latent, "kimg": 13.0}
    known = {"conditions": conditions.plain()} if conditions else {}
    folder.mkdir(parents=True)
    write_model(folder, {"generator": generator}, method, {**card, **known})
    return load_model(folder)
