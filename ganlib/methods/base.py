"""What every way of learning to generate is to the loop that trains it, and what it is given.

Every method answers the same two questions, so that one loop trains all of them and one evaluator scores all of them:
take a step on this batch, and draw from these codes.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganlib.conditions.conditions import Conditions
from ganlib.nets.base import Network
from ganlib.ranks import world
from ganlib.training.state import Parts


@dataclass(frozen=True)
class Setting:
    """What a learner must fit: so many pictures of `size` × `size` pixels with `channels`; and where, and how, it computes.

    fast: whether layers are joined and laid out for speed (`ganlib.training.descent.placed`), steps replayed where they can be
    (`ganlib.training.replay`); the same but for rounding.
    conditions, told: what can be asked for, and what a network is told of each picture, [pictures, width], or in
    several phrasings, [pictures, phrasings, width], of which each time another one is told.
    """

    size: int
    channels: int
    pictures: int
    device: torch.device
    precision: torch.dtype
    fast: bool = True
    conditions: Conditions | None = None
    told: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Batch:
    """What one step is given; all that is random in a step comes from `dice`, which lives on the CPU.

    real: pictures [N, C, H, W], float32 in [-1, 1], on the device. rows: which pictures of the data set they are, int64 [N],
    on the CPU. images: pictures shown before this step. done: the share of the run that lies behind, 0 to 1.
    """

    real: Tensor
    rows: Tensor
    dice: torch.Generator
    images: int = 0
    done: float = 0.0

    @property
    def number(self) -> int:
        """How many pictures all processes are given together."""
        return world() * len(self.real)


class Learner(Protocol):
    """A method at work: networks, optimisers and averages, all of whose state `parts` names."""

    latent: int

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Learn from a batch; return what to log, scalars by name (losses begin with `loss`), on the device.

        On a GPU the next step may write over them: whoever keeps them copies them.
        """
        ...

    def anneal(self, factor: float) -> None:
        """Set the learning rates to `factor` (0 to 1) times what the knobs say."""
        ...

    def published(self) -> dict[str, nn.Module]:
        """The networks that are worth keeping; `generator` maps standard normal codes [N, latent] to pictures in [-1, 1]."""
        ...

    def judge(self) -> nn.Module | None:
        """The network as it stands whose answers [N] to pictures [N, C, H, W] are the higher, the more it takes them for real;
        None where no network judges."""
        ...

    def parts(self) -> Parts:
        """Everything that the next step depends on, by name: networks, averages, optimisers."""
        ...


class Method(Protocol):
    """A dataclass of knobs that can build its learner.

    mirrors: whether it can be shown mirrored pictures, too. splits: whether several processes can share its batches.
    """

    mirrors: ClassVar[bool]
    splits: ClassVar[bool]

    @property
    def name(self) -> str: ...

    @property
    def network(self) -> Network: ...

    def learner(self, setting: Setting) -> Learner:
        """The learner, ready for its first step; weights are drawn from torch's global random state."""
        ...

    def generator(self, size: int, channels: int) -> nn.Module:
        """A new generator that the published weights fit, of standard normal codes [N, latent]."""
        ...
