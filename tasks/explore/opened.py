"""A model that has been opened: the generator with what the page shows besides."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganlib.errors import AtelierError
from ganlib.methods.conditional import Conditional, Unasked
from ganlib.methods.gan import Gan
from ganlib.sampling.directions import Direction
from ganlib.sampling.draw import draw
from ganlib.sampling.model import Model, build_method, load_model, load_network
from ganlib.sampling.strip import REACH
from ganlib.training.batches import Pictures
from tasks.explore.directions import directions_for

#: Pictures, of a seed that nobody else uses, whose scores say what is usual.
COMPARED, SEED = 96, 2_718_281


@dataclass(frozen=True)
class Judge:
    """The discriminator. network: pictures [N, C, H, W] to scores [N], the higher the more it takes them for real. usual: the
    scores of 96 pictures that the generator draws, sorted."""

    network: nn.Module
    usual: NDArray[np.float32]

    def score(self, picture: Pictures) -> tuple[float, float]:
        """The score of uint8 [H, W, C], and the share of the 96 that score lower."""
        value = float(scores(self.network, picture[None])[0])
        return value, float(np.searchsorted(self.usual, value) / len(self.usual))


@dataclass(frozen=True)
class Opened:
    """trouble: why there are no directions or no scores, where there should be; each a sentence."""

    model: Model
    directions: tuple[Direction, ...] = ()
    judge: Judge | None = None
    trouble: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The sha256 of the generator's weights."""
        return self.model.digest

    def described(self) -> dict[str, Any]:
        """What the page has to know of it."""
        given = self.model.conditions
        conditions = [given.attribute(name) for name in given.labels] if given else []
        return {
            "digest": self.digest,
            "size": self.model.size,
            "channels": self.model.channels,
            "method": _named(self.model.card.get("method")),
            "kimg": self.model.card.get("kimg"),
            "attributes": [
                {"name": one.name, "values": list(one.values)}
                if one.values
                else {"name": one.name, "low": one.knots[0], "high": one.knots[-1]}
                for one in conditions
            ],
            "sentence": given.sentences.name if given and given.sentences else None,
            "directions": [{"name": one.name, "low": -REACH, "high": REACH} for one in self.directions],
            "scores": self.judge is not None,
            "trouble": list(self.trouble),
        }


def open_folder(folder: Path) -> Opened:
    """The published model in `folder`. Raises `AtelierError` where it is missing or damaged; what only lies beside the generator
    may be damaged, and is then named in `trouble`."""
    model = load_model(folder)
    trouble: list[str] = []
    try:
        directions = directions_for(folder, model)
    except AtelierError as error:
        directions, trouble = (), [str(error)]
    try:
        judge = read_judge(folder, model)
    except AtelierError as error:
        judge, trouble = None, [*trouble, str(error)]
    return Opened(model, directions, judge, tuple(trouble))


def read_judge(folder: Path, model: Model) -> Judge | None:
    """The discriminator that was published with the model; None where there is none, or where it answers with something else than
    scores. Raises `AtelierError` where it is damaged."""
    method = build_method(model.card["method"])
    if not isinstance(method, Gan) or method.discriminator != "scores" or not (folder / "discriminator.safetensors").exists():
        return None
    told = model.conditions.width if isinstance(method, Conditional) and model.conditions else 0
    network = load_network(folder, "discriminator", method.network.discriminator(model.size, model.channels, 1 + told))
    judge = Unasked(network).eval() if told else network
    usual = scores(judge, draw(model.generator, model.latent, COMPARED, SEED))
    return Judge(judge, np.sort(usual))


@torch.no_grad()
def scores(network: nn.Module, pictures: Pictures) -> NDArray[np.float32]:
    """Scores [N] of uint8 [N, H, W, C]."""
    x = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return np.asarray(network(x.contiguous()).numpy(), np.float32)


def _named(method: Any) -> str:
    return str(method.get("name", "")) if isinstance(method, Mapping) else ""
