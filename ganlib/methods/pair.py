"""An encoder and a decoder that learn together: what the auto-encoder and the variational one share."""

from abc import ABC, abstractmethod
from typing import Protocol

from torch import Tensor, nn

from ganlib.methods.base import Batch, Setting
from ganlib.methods.moments import Moments
from ganlib.nets.base import Network
from ganlib.training.average import Average
from ganlib.training.descent import adam, placed, set_rate
from ganlib.training.replay import player
from ganlib.training.state import Parts


class Knobs(Protocol):
    """The knobs that both have."""

    @property
    def network(self) -> Network: ...

    @property
    def lr(self) -> float: ...

    @property
    def beta1(self) -> float: ...

    @property
    def beta2(self) -> float: ...

    @property
    def codes_kimg(self) -> float: ...

    @property
    def ema_kimg(self) -> float: ...


class Pair(ABC):
    """Encoder and decoder, their optimiser, their average over time, and the moments of the codes between them.

    outputs: how many numbers the encoder answers with.
    """

    def __init__(self, knobs: Knobs, setting: Setting, outputs: int) -> None:
        self.rate, self.device, self.precision = knobs.lr, setting.device, setting.precision
        self.latent = knobs.network.latent
        self.encoder = placed(knobs.network.encoder(setting.size, setting.channels, outputs), self.device, setting.fast)
        self.decoder = placed(knobs.network.generator(setting.size, setting.channels), self.device, setting.fast)
        self.both = nn.ModuleDict({"encoder": self.encoder, "decoder": self.decoder})
        self.average = Average(self.both, knobs.ema_kimg)
        self.optimiser = adam(self.both, knobs.lr, knobs.beta1, knobs.beta2)
        self.moments = Moments(self.latent, knobs.codes_kimg).to(self.device)
        self.play = player(setting)

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Learn from a batch, and let the average follow."""
        seen = self.play(self.learn, batch, ())
        self.average.update(batch.number, batch.images)
        return seen

    @abstractmethod
    def learn(self, batch: Batch) -> dict[str, Tensor]:
        """Take one step downhill; return what to log."""

    def anneal(self, factor: float) -> None:
        """Set the learning rate to `factor` times what the knobs say."""
        set_rate(self.optimiser, factor * self.rate)

    def averaged(self) -> tuple[nn.Module, nn.Module]:
        """The averages of encoder and decoder."""
        return self.average.module.get_submodule("encoder"), self.average.module.get_submodule("decoder")

    def judge(self) -> None:
        """Nobody judges."""
        return

    def parts(self) -> Parts:
        """Both networks, their average, their optimiser, the moments of the codes."""
        return {
            "networks": self.both,
            "average": self.average.module,
            "optimiser": self.optimiser,
            "moments": self.moments,
        }
