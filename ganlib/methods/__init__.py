"""Ways of learning to generate: one file each, one line here.

Every method answers the same two questions, so that one loop trains all of them and one evaluator scores all of them:
take a step on this batch, and draw from these codes.
"""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ganlib.methods.gan import Gan
from ganlib.training.state import Parts


class Learner(Protocol):
    """A method at work: networks, optimisers and averages, all of whose state `state` names."""

    latent: int

    def step(self, real: Tensor, dice: torch.Generator, images: int) -> dict[str, Tensor]:
        """Learn from real pictures [N, C, H, W] in [-1, 1], `images` having been shown before; return what to log."""
        ...

    def anneal(self, factor: float) -> None:
        """Set the learning rates to `factor` (0 to 1) times what the knobs say."""
        ...

    def published(self) -> dict[str, nn.Module]:
        """The networks that are worth keeping; `generator` maps codes [N, latent] to pictures in [-1, 1]."""
        ...

    def parts(self) -> Parts:
        """Everything that the next step depends on, by name: networks, averages, optimisers."""
        ...


class Method(Protocol):
    """A dataclass of knobs that can build its learner."""

    @property
    def name(self) -> str: ...

    def learner(self, size: int, channels: int, device: torch.device, precision: torch.dtype) -> Learner: ...

    def generator(self, size: int, channels: int) -> nn.Module: ...


METHODS: dict[str, type[Any]] = {
    "gan": Gan,
}
