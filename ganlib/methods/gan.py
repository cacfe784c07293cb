"""The alternating game of a generator and a discriminator (Goodfellow et al. 2014, algorithm 1)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from ganlib.knobs import Named, NaturalFloat, OneOf, Positive, PositiveFloat, Share
from ganlib.nets import NETWORKS, Network
from ganlib.nets.dcgan import Dcgan
from ganlib.objectives import OBJECTIVES
from ganlib.objectives.penalties import PENALTIES
from ganlib.training.average import Average
from ganlib.training.state import Parts


@dataclass(frozen=True)
class Gan:
    """The knobs of the game.

    penalties: weight by name, each the factor before the penalty's expectation (R1's γ/2).
    penalty_every: a penalty is taken every so many steps, with its weight multiplied by as much (Karras et al. 2020).
    ema_kimg: half-life of the averaged generator, in thousands of pictures; 0 publishes the last one.
    """

    name: Literal["gan"] = "gan"
    network: Annotated[Network, OneOf("name", NETWORKS)] = field(default_factory=Dcgan)
    objective: Annotated[str, Named("objective", OBJECTIVES)] = "nonsaturating"
    penalties: dict[Annotated[str, Named("penalty", PENALTIES)], NaturalFloat] = field(default_factory=lambda: {"r1": 1.0})
    penalty_every: Positive = 8
    lr_generator: PositiveFloat = 2e-4
    lr_discriminator: PositiveFloat = 2e-4
    beta1: Share = 0.0
    beta2: Share = 0.99
    ema_kimg: NaturalFloat = 2.0

    def generator(self, size: int, channels: int) -> nn.Module:
        """A new generator, as the published weights fit it."""
        return self.network.generator(size, channels)

    def learner(self, size: int, channels: int, device: torch.device, precision: torch.dtype) -> "Game":
        """The game, ready for its first step; weights are drawn from torch's global random state."""
        return Game(self, size, channels, device, precision)


class Game:
    """Generator and discriminator, their optimisers, and the generator's average over time."""

    def __init__(self, knobs: Gan, size: int, channels: int, device: torch.device, precision: torch.dtype) -> None:
        self.knobs, self.device, self.precision = knobs, device, precision
        self.latent = knobs.network.latent
        self.g = _placed(knobs.network.generator(size, channels), device)
        self.d = _placed(knobs.network.discriminator(size, channels), device)
        self.average = Average(self.g, knobs.ema_kimg)
        self.optimiser_g = self._adam(self.g, knobs.lr_generator)
        self.optimiser_d = self._adam(self.d, knobs.lr_discriminator)
        self.objective = OBJECTIVES[knobs.objective]

    def step(self, real: Tensor, dice: torch.Generator, images: int) -> dict[str, Tensor]:
        """Event one, then event two, on one batch each."""
        penalise = (images // len(real)) % self.knobs.penalty_every == 0
        seen = self.event_one(real, self._codes(len(real), dice), penalise)
        seen |= self.event_two(self._codes(len(real), dice))
        self.average.update(self.g, len(real), images)
        return seen

    def event_one(self, real: Tensor, codes: Tensor, penalise: bool) -> dict[str, Tensor]:
        """The generator held fixed, the discriminator learns to tell the data set from what was generated."""
        with torch.no_grad(), self._autocast():
            fake = self.g(codes)
        with self._autocast():
            score_real, score_fake = self.d(real).float(), self.d(fake).float()
        loss = self.objective.discriminator(score_real, score_fake)
        total = loss + self.knobs.penalty_every * self._penalty(real, fake) if penalise else loss
        _descend(self.optimiser_d, total)
        return {"loss_d": loss.detach(), "score_real": score_real.detach().mean(), "score_fake": score_fake.detach().mean()}

    def event_two(self, codes: Tensor) -> dict[str, Tensor]:
        """The discriminator held fixed, the generator learns to raise its score."""
        with _frozen(self.d):
            with self._autocast():
                score_fake = self.d(self.g(codes)).float()
            loss = self.objective.generator(score_fake)
            _descend(self.optimiser_g, loss)
        return {"loss_g": loss.detach()}

    def anneal(self, factor: float) -> None:
        """Set both learning rates to `factor` times what the knobs say."""
        self.optimiser_g.param_groups[0]["lr"] = factor * self.knobs.lr_generator
        self.optimiser_d.param_groups[0]["lr"] = factor * self.knobs.lr_discriminator

    def published(self) -> dict[str, nn.Module]:
        """The averaged generator, and the discriminator as it stands."""
        return {"generator": self.average.module, "discriminator": self.d}

    def parts(self) -> Parts:
        """Both networks, both optimisers, the average."""
        return {
            "generator": self.g,
            "discriminator": self.d,
            "average": self.average.module,
            "optimiser_generator": self.optimiser_g,
            "optimiser_discriminator": self.optimiser_d,
        }

    def _penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        """The weighted sum of the penalties, in float32: a second derivative has no digits to spare."""
        terms = [weight * PENALTIES[name](self.d, real, fake.float()) for name, weight in self.knobs.penalties.items()]
        return torch.stack(terms).sum() if terms else real.new_zeros(())

    def _codes(self, number: int, dice: torch.Generator) -> Tensor:
        # drawn on the CPU whatever the device, so that every machine plays with the same codes
        return torch.randn(number, self.latent, generator=dice).to(self.device)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=self.precision, enabled=self.precision != torch.float32)

    def _adam(self, module: nn.Module, rate: float) -> torch.optim.Adam:
        return torch.optim.Adam(module.parameters(), lr=rate, betas=(self.knobs.beta1, self.knobs.beta2), fused=True)


def _placed(module: nn.Module, device: torch.device) -> nn.Module:
    """On the device, with channels innermost in memory, as convolutions are quickest."""
    placed: nn.Module = module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return placed


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    """No gradients for the module's own parameters: the pass through it costs less, and nothing of it can change."""
    module.requires_grad_(False)
    try:
        yield
    finally:
        module.requires_grad_(True)
