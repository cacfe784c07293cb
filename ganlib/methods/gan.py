"""The alternating game of a generator and a discriminator (Goodfellow et al. 2014, algorithm 1)."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor, nn

from ganlib.knobs import Named, NaturalFloat, OneOf, Positive, PositiveFloat, Share
from ganlib.methods.base import Batch, Setting
from ganlib.methods.pairing import senseless
from ganlib.methods.priors import UniformCodes
from ganlib.nets import NETWORKS
from ganlib.nets.base import Network
from ganlib.nets.dcgan import Dcgan
from ganlib.nets.reconstruction import Reconstruction
from ganlib.nets.twice import QuickTwice
from ganlib.objectives import OBJECTIVES
from ganlib.objectives.base import Objective
from ganlib.objectives.nonsaturating import Nonsaturating
from ganlib.objectives.penalties import PENALTIES
from ganlib.pictures.augment import Augment, augmented
from ganlib.ranks import gathered, rolled
from ganlib.training.average import Average
from ganlib.training.descent import adam, autocast, descend, frozen, placed, set_rate
from ganlib.training.replay import player
from ganlib.training.schedule import towards
from ganlib.training.state import Parts


@dataclass(frozen=True)
class Gan:
    """The knobs of the game.

    discriminator: what D answers with, `scores` or, as an auto-encoder, `reconstruction` errors (for BEGAN).
    penalties: weight by name, each the factor before the penalty's expectation (R1's γ/2).
    penalty_every: a penalty is taken every so many steps, with its weight multiplied by as much (Karras et al. 2020).
    penalty_end: the factor that the weights of the penalties reach at the end of the run, on half a cosine from 1.
    clip: D's weights are held in [-clip, clip] (Arjovsky et al. 2017); 0 leaves them free.
    generator_every: G learns in every so many steps only, D in all.
    reuse: G learns from the pictures that D has just seen, drawn once a step, rather than from others (as in pytorch/examples).
    codes: what they are drawn from; `uniform` is in [-1, 1].
    ema_kimg: half-life of the averaged generator, in thousands of pictures; 0 publishes the last one.
    """

    mirrors: ClassVar[bool] = True
    splits: ClassVar[bool] = True

    name: Literal["gan"] = "gan"
    network: Annotated[Network, OneOf("name", NETWORKS)] = field(default_factory=Dcgan)
    objective: Annotated[Objective, OneOf("name", OBJECTIVES)] = field(default_factory=Nonsaturating)
    discriminator: Literal["scores", "reconstruction"] = "scores"
    penalties: dict[Annotated[str, Named("penalty", PENALTIES)], NaturalFloat] = field(default_factory=lambda: {"r1": 1.0})
    penalty_every: Positive = 1
    penalty_end: NaturalFloat = 1.0
    clip: NaturalFloat = 0.0
    augment: Augment = field(default_factory=Augment)
    generator_every: Positive = 1
    reuse: bool = False
    codes: Literal["normal", "uniform"] = "normal"
    lr_generator: PositiveFloat = 2e-4
    lr_discriminator: PositiveFloat = 2e-4
    beta1: Share = 0.0
    beta2: Share = 0.99
    ema_kimg: NaturalFloat = 2.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense together, with the reason."""
        if reason := senseless(self):
            raise ValueError(reason)

    def generator(self, size: int, channels: int) -> nn.Module:
        """A new generator of standard normal codes, as the published weights fit it."""
        decoder = self.network.generator(size, channels)
        return UniformCodes(decoder) if self.codes == "uniform" else decoder

    def learner(self, setting: Setting) -> "Game":
        """The game, ready for its first step; weights are drawn from torch's global random state."""
        return Game(self, setting)

    def judge(self, size: int, channels: int) -> nn.Module:
        """A new discriminator."""
        if self.discriminator == "reconstruction":
            return Reconstruction(self.network, size, channels)
        return self.network.discriminator(size, channels)


@dataclass(frozen=True)
class Heard:
    """What D says. scores: [N], logits. untold: by how much it fails to tell what pictures were to be, where it has to."""

    scores: Tensor
    untold: Tensor | None = None


class Dials(nn.Module):
    """What the game turns by itself as it goes: the balance of its sides (BEGAN's k), the strength of augmentation (ADA's p)."""

    balance: Tensor
    strength: Tensor

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.register_buffer("balance", torch.zeros(()))
        self.register_buffer("strength", torch.tensor(strength))


class Game:
    """Generator and discriminator, their optimisers, and the generator's average over time."""

    share_g: float = 0.0  # of what D fails to tell, in G's loss

    def __init__(self, knobs: Gan, setting: Setting) -> None:
        self.knobs, self.device, self.precision = knobs, setting.device, setting.precision
        self.latent = knobs.network.latent
        self.g, self.d = (placed(network, self.device, setting.fast) for network in self.build(knobs, setting))
        self.average = Average(self.g, knobs.ema_kimg)
        self.optimiser_g = adam(self.g, knobs.lr_generator, knobs.beta1, knobs.beta2)
        self.optimiser_d = adam(self.d, knobs.lr_discriminator, knobs.beta1, knobs.beta2)
        self.dials = Dials(knobs.augment.strength_at_first).to(self.device)
        self.fade = torch.ones((), device=self.device)  # the factor on the penalties' weights by now
        self.objective = knobs.objective
        self.play = player(setting)
        self.quick_twice = setting.fast and setting.device.type == "cuda"  # a CPU's libraries take as long either way

    def build(self, knobs: Gan, setting: Setting) -> tuple[nn.Module, nn.Module]:
        """New networks: G, then D; in this order weights are drawn."""
        return knobs.generator(setting.size, setting.channels), knobs.judge(setting.size, setting.channels)

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Event one, then event two, on one batch each."""
        count = batch.images // batch.number
        penalise, learns = count % self.knobs.penalty_every == 0, count % self.knobs.generator_every == 0
        if self.knobs.penalty_end != 1:
            self.fade.fill_(towards(self.knobs.penalty_end, batch.done))
        seen = self.play(partial(self._events, penalise, learns), batch, (penalise, learns))
        self.average.update(batch.number, batch.images)
        return seen

    def _events(self, penalise: bool, learns: bool, batch: Batch) -> dict[str, Tensor]:
        """Event one and, where G learns in this step, event two."""
        codes = self.codes(batch)
        if self.knobs.reuse and learns:
            fake = self.draw(codes)
            return self._judged(batch, fake.detach(), penalise) | self._drawn(batch, fake)
        seen = self.event_one(batch, codes, penalise)
        return seen | self.event_two(batch, self.codes(batch)) if learns else seen

    def event_one(self, batch: Batch, codes: Tensor, penalise: bool) -> dict[str, Tensor]:
        """The generator held fixed, the discriminator learns to tell the data set from what was generated."""
        with torch.no_grad():
            fake = self.draw(codes)
        return self._judged(batch, fake, penalise)

    def event_two(self, batch: Batch, codes: Tensor) -> dict[str, Tensor]:
        """The discriminator held fixed, the generator learns to raise its score."""
        return self._drawn(batch, self.draw(codes))

    def codes(self, batch: Batch) -> Tensor:
        """What G is given, as many as the batch has pictures: standard normal codes."""
        return rolled(torch.randn, (len(batch.real), self.latent), batch.dice, self.device)

    def heard(self, pictures: Tensor, batch: Batch, real: bool) -> "Heard":
        """What D says of pictures [N, C, H, W], those of the batch or those drawn for it."""
        return Heard(self.d(pictures).float())

    def draw(self, codes: Tensor) -> Tensor:
        """G's pictures, float32 [N, C, H, W]."""
        with self._autocast():
            pictures: Tensor = self.g(codes)
        return pictures.float()

    def anneal(self, factor: float) -> None:
        """Set both learning rates to `factor` times what the knobs say."""
        set_rate(self.optimiser_g, factor * self.knobs.lr_generator)
        set_rate(self.optimiser_d, factor * self.knobs.lr_discriminator)

    def published(self) -> dict[str, nn.Module]:
        """The averaged generator, and the discriminator as it stands."""
        return {"generator": self.average.module, "discriminator": self.d}

    def judge(self) -> nn.Module | None:
        """The discriminator as it stands; none where it answers with errors of reconstruction, of which G's are to be lower."""
        return None if self.objective.reconstructs else self.d

    def parts(self) -> Parts:
        """Both networks, both optimisers, the average, the dials."""
        return {
            "generator": self.g,
            "discriminator": self.d,
            "average": self.average.module,
            "optimiser_generator": self.optimiser_g,
            "optimiser_discriminator": self.optimiser_d,
            "dials": self.dials,
        }

    def _judged(self, batch: Batch, fake: Tensor, penalise: bool) -> dict[str, Tensor]:
        """A step of D on the batch and on generated pictures."""
        real, fake = self._augmented(batch.real, batch.dice), self._augmented(fake, batch.dice)
        with self._autocast():
            of_real, of_fake = self.heard(real, batch, True), self.heard(fake, batch, False)
        loss = self.objective.balanced(of_real.scores, of_fake.scores, self.dials.balance)
        total = loss + self.knobs.penalty_every * self._penalty(real, fake, batch) if penalise else loss
        told = {"told_real": of_real.untold, "told_fake": of_fake.untold}
        wrong = {name: untold for name, untold in told.items() if untold is not None}
        norm = descend(self.optimiser_d, total + sum(wrong.values()) if wrong else total, "discriminator")
        self._turn(gathered(of_real.scores.detach()), gathered(of_fake.scores.detach()))
        seen = {"loss_d": loss, "gradient_d": norm, "score_real": of_real.scores.mean(), "score_fake": of_fake.scores.mean()}
        return {name: value.detach() for name, value in (seen | wrong).items()} | self._dials()

    def _drawn(self, batch: Batch, fake: Tensor) -> dict[str, Tensor]:
        """A step of G, which drew these pictures, through a D that costs no gradients of its own."""
        with frozen(self.d):
            with self._autocast():
                of_fake = of_real = self.heard(self._augmented(fake, batch.dice), batch, False)
                if self.objective.relative:
                    of_real = self.heard(self._augmented(batch.real, batch.dice), batch, True)
            loss = self.objective.generator(of_real.scores, of_fake.scores)
            untold = of_fake.untold
            norm = descend(self.optimiser_g, loss if untold is None else loss + self.share_g * untold, "generator")
        return {"loss_g": loss.detach(), "gradient_g": norm}

    def _penalty(self, real: Tensor, fake: Tensor, batch: Batch) -> Tensor:
        """The weighted sum of the penalties, in float32: a second derivative has no digits to spare."""
        taken = [(PENALTIES[name], weight) for name, weight in self.knobs.penalties.items() if weight]
        terms = [
            weight * penalty(lambda pictures: self._scored(pictures, batch), real, fake, batch.dice) for penalty, weight in taken
        ]
        return self.fade * torch.stack(terms).sum() if terms else real.new_zeros(())

    def _scored(self, pictures: Tensor, batch: Batch) -> Tensor:
        """D's scores of pictures as of real ones, whose slope is going to be differentiated."""
        with QuickTwice() if self.quick_twice else nullcontext():
            return self.heard(pictures, batch, True).scores

    def _augmented(self, pictures: Tensor, dice: torch.Generator) -> Tensor:
        return augmented(pictures, self.knobs.augment.kinds, self.dials.strength, dice)

    @torch.no_grad()
    def _turn(self, score_real: Tensor, score_fake: Tensor) -> None:
        """What follows from a step of D: its weights' bounds, the balance, the strength of augmentation."""
        if clip := self.knobs.clip:
            torch._foreach_clamp_max_(list(self.d.parameters()), clip)
            torch._foreach_clamp_min_(list(self.d.parameters()), -clip)
        self.dials.balance.copy_(self.objective.next_balance(score_real, score_fake, self.dials.balance))
        self.dials.strength.copy_(self.knobs.augment.next_strength(self.dials.strength, score_real))

    def _dials(self) -> dict[str, Tensor]:
        """The dials that can turn in this game, to be logged."""
        seen = {"balance": self.dials.balance.clone()} if self.objective.reconstructs else {}
        return seen | ({"augment": self.dials.strength.clone()} if self.knobs.augment.adapts else {})

    def _autocast(self) -> torch.autocast:
        return autocast(self.device, self.precision)
