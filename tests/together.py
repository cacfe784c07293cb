"""What several processes do together in `test_ranks.py`; started by torchrun, or by python alone, with a folder to write to."""

import sys
from pathlib import Path

import numpy as np
import torch
from games import every_method
from safetensors.torch import save_file

from ganlib import ranks
from ganlib.conditions.conditions import of_labels
from ganlib.methods.base import Setting
from ganlib.methods.conditional import Conditional
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.augment import Augment
from ganlib.pictures.augmentations import AUGMENTATIONS
from ganlib.training import loop
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine
from ganlib.training.state import to_tensors

PICTURES = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), dtype=np.uint8)
NETWORK = Dcgan(width=4, latent=8)
LABELS = {"kind": [("red", "blue", "green")[place % 3] for place in range(40)], "size": [float(place % 7) for place in range(40)]}
CONDITIONS = of_labels(LABELS)
METHODS = {name: method for name, method in every_method(NETWORK) if method.splits}
#: A game in which all is rolled, normed and measured over the batch that can be.
METHODS["everything"] = Gan(
    network=NETWORK,
    penalties={"gradient": 1.0, "dragan": 1.0, "r1": 0.1, "r2": 0.1},
    augment=Augment(kinds=sorted(AUGMENTATIONS), strength=0.8),
)
#: One in which what is told of a share of the pictures is taught by what D fails to tell.
METHODS["dropped"] = Conditional(network=NETWORK, conditions=("kind", "size"), signal="both", drop=0.5, penalties={})
METHODS["normed"] = Gan(network=Dcgan(width=4, latent=8, norm=True), penalties={"dragan": 1.0}, reuse=True)


def train(name: str, kimg: float, folder: Path) -> None:
    """Go on with the run in `folder` up to so many kimg; leave its state in `folder`/state.safetensors."""
    torch.manual_seed(0)
    asked = (CONDITIONS, CONDITIONS.table(LABELS)) if name == "dropped" else (None, None)
    learner = METHODS[name].learner(Setting(16, 3, 40, torch.device("cpu"), torch.float32, conditions=asked[0], told=asked[1]))
    config = TrainConfig(METHODS[name], kimg=kimg, batch=8, flip=True, log_kimg=0.016, sample_kimg=1, checkpoint_kimg=0.03)
    loop.train(learner, PICTURES[:40], config, Machine("cpu", "float32", 1), folder, PICTURES[40:])
    if ranks.rank() == 0:
        save_file(to_tensors(learner.parts()), folder / "state.safetensors")


def main() -> None:
    """`python tests/together.py FOLDER KIMG NAME ...`."""
    torch.set_num_threads(1)
    folder, kimg, names = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    with ranks.together("cpu"):
        for name in names:
            train(name, kimg, folder / name)


if __name__ == "__main__":
    main()
