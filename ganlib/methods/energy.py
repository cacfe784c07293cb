"""The discriminator alone: it carves its own negatives out of noise, and learns from them (Du & Mordatch 2019).

An energy E(x) says how little a picture looks like the data. Positive examples are real pictures. Negative ones the network
finds by itself, as its own argmax: chains of pictures go downhill in E by Langevin steps. Then it learns to lower E where the
data lie and to raise it where the chains have come to, until those lie where the data do.

Each round is harder than the one before: a chain goes on where its last round ended (Tieleman 2008), so that a negative has been
carved by all networks so far, and passes for real with the present one more than a new one would; and rounds can grow longer.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor, nn

from ganlib.knobs import NaturalFloat, OneOf, Positive, PositiveFloat, Share
from ganlib.methods.base import Batch, Setting
from ganlib.methods.langevin import Langevin, Sampler, end
from ganlib.methods.moments import Moments
from ganlib.methods.starts import Kind, Start
from ganlib.nets import NETWORKS
from ganlib.nets.base import Network
from ganlib.nets.dcgan import Dcgan
from ganlib.training.average import Average
from ganlib.training.descent import adam, descend, frozen, placed, set_rate
from ganlib.training.sending import sent
from ganlib.training.state import Parts

_MEMORY_KIMG = 5.0  # half-life of what is known of the data at the size of a start, in thousands of pictures


@dataclass(frozen=True)
class Energy:
    """The knobs of carving.

    start: what chains and drawings begin with. `noise`: uniform in [-1, 1]. `blurred`: pictures of 8 × 8 pixels from a Gaussian
    that is fitted to the data's, enlarged.
    steps, steps_at_first: Langevin steps of a round at the end of a run and at its beginning.
    step_size, noise, clip: of a Langevin step; the density is exp(-E / T) with T = noise² / (2 step_size).
    chains: how many there are; each takes 2 bytes for every number of a picture. A run should visit each about 20 times.
    fresh: share of a batch's chains that begin anew; a chain lives for 1 / fresh rounds.
    real_noise: standard deviation of what is added to real pictures, lest the network know them by their even areas.
    weight: of the squared energies, which holds them near 0. limit: the gradient's greatest norm.
    ema_kimg: half-life of the averaged network, in thousands of pictures; 0 publishes the last one.
    draw_steps: Langevin steps of a drawing.

    The defaults are for short runs on small pictures. Du & Mordatch took 60 steps, a learning rate of 1e-4 and 10,000 chains, on
    runs a hundred times as long.
    """

    mirrors: ClassVar[bool] = True
    splits: ClassVar[bool] = False  # the chains are one stock, which every step draws from

    name: Literal["energy"] = "energy"
    network: Annotated[Network, OneOf("name", NETWORKS)] = field(default_factory=Dcgan)
    start: Kind = "blurred"
    steps: Positive = 12
    steps_at_first: Positive = 12
    step_size: PositiveFloat = 10.0
    noise: PositiveFloat = 0.005
    clip: NaturalFloat = 0.03
    chains: Positive = 1024
    fresh: Share = 0.05
    real_noise: NaturalFloat = 0.005
    weight: NaturalFloat = 0.1
    limit: PositiveFloat = 0.1
    lr: PositiveFloat = 1e-3
    beta1: Share = 0.0
    beta2: Share = 0.99
    ema_kimg: NaturalFloat = 1.0
    draw_steps: Positive = 120

    @property
    def rule(self) -> Langevin:
        """How chains and drawings walk."""
        return Langevin(self.step_size, self.noise, self.clip)

    def steps_when(self, done: float) -> int:
        """Langevin steps of a round when the share `done` (0 to 1) of the run lies behind."""
        return round(self.steps_at_first + (self.steps - self.steps_at_first) * done)

    def learner(self, setting: Setting) -> "Carving":
        """Network and chains, ready for their first step; weights are drawn from torch's global random state."""
        return Carving(self, setting)

    def generator(self, size: int, channels: int) -> Sampler:
        """A new sampler of standard normal codes, as the published weights fit it."""
        return self.sampler(self.network.encoder(size, channels, 1), Start(self.start, size, channels), size, channels)

    def sampler(self, energy: nn.Module, start: Start, size: int, channels: int) -> Sampler:
        """What draws by this energy from this start."""
        return Sampler(energy, start, self.rule, self.draw_steps, (channels, size, size))


class Chains(nn.Module):
    """Where every chain stands, and how many rounds it has behind it; 0 where none has begun yet. Nothing here is learnt.

    pictures [number, C, H, W] in half precision, which rounds by 0.0005 at most: far less than a step's noise.
    """

    pictures: Tensor
    rounds: Tensor

    def __init__(self, number: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.register_buffer("pictures", torch.zeros(number, *shape, dtype=torch.float16))
        self.register_buffer("rounds", torch.zeros(number, dtype=torch.int32))

    def put(self, rows: Tensor, pictures: Tensor, rounds: Tensor) -> None:
        """Let the chains `rows` [N] stand at these pictures [N, C, H, W], with so many rounds [N] behind them."""
        self.pictures[rows] = pictures.to(self.pictures.dtype)
        self.rounds[rows] = rounds


class Likeness(nn.Module):
    """An energy [N, 1] of pictures as a score [N]: how much they look like the data."""

    def __init__(self, energy: nn.Module) -> None:
        super().__init__()
        self.energy = energy

    def forward(self, pictures: Tensor) -> Tensor:
        energies: Tensor = self.energy(pictures)
        return -energies.squeeze(1)


class Carving:
    """A network with its average over time, its optimiser, the chains, and what is known of the data where chains begin.

    All is computed in float32, whatever the setting says: chains follow small differences of energies.
    """

    def __init__(self, knobs: Energy, setting: Setting) -> None:
        self.knobs, self.device = knobs, setting.device
        size, channels = setting.size, setting.channels
        self.energy = placed(knobs.network.encoder(size, channels, 1), self.device, setting.fast)
        self.average = Average(self.energy, knobs.ema_kimg)
        self.optimiser = adam(self.energy, knobs.lr, knobs.beta1, knobs.beta2)
        self.start = Start(knobs.start, size, channels).to(self.device)
        self.moments = Moments(self.start.numbers, _MEMORY_KIMG).to(self.device) if self.start.fits else None
        self.chains = Chains(knobs.chains, (channels, size, size)).to(self.device)
        self.sampler = knobs.sampler(self.average.module, self.start, size, channels).eval()
        self.latent = self.sampler.latent

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """A round of carving for as many chains as there are pictures, then one step of learning from both."""
        self._learn_start(batch)
        rows, begun, rounds = self.called(len(batch.real), batch.dice)
        carved = self.carved(begun, self.knobs.steps_when(batch.done), batch.dice)
        loss, seen = self.loss(self._shaken(batch.real, batch.dice), carved)
        with torch.no_grad():
            seen["energy_start"] = self.energy(begun).mean()
        norm = descend(self.optimiser, loss, "energy", self.knobs.limit)
        self.chains.put(rows, carved, rounds + 1)
        self.average.update(len(batch.real), batch.images)
        return seen | {"loss": loss.detach(), "gradient": norm, "rounds": rounds.float().mean()}

    def called(self, number: int, dice: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """The chains that are to go on, as rows [N], where they stand [N, C, H, W], and the rounds [N] behind them.

        A share of `fresh` begins anew, and so do those that have not begun yet. N is `number`, or all where they are fewer.
        """
        rows = sent(torch.randperm(self.knobs.chains, generator=dice)[:number], self.device)
        anew = sent(torch.rand(len(rows), generator=dice), self.device) < self.knobs.fresh
        codes = sent(torch.randn(len(rows), self.start.numbers, generator=dice), self.device)
        rounds = self.chains.rounds[rows].masked_fill(anew, 0)
        pictures = torch.where((rounds == 0)[:, None, None, None], self.start(codes), self.chains.pictures[rows].float())
        return rows, pictures, rounds

    def carved(self, pictures: Tensor, steps: int, dice: torch.Generator) -> Tensor:
        """The network held fixed, pictures [N, C, H, W] after so many Langevin steps downhill in its energy."""
        noises = (sent(torch.randn(pictures.shape, generator=dice), self.device) for _ in range(steps))
        with frozen(self.energy):
            return end(self.knobs.rule.walk(self.energy, pictures, noises))

    def loss(self, real: Tensor, fake: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """E(real) − E(fake), on average, with the weighted squares of both (section 3.3); and the energies, to be logged."""
        energy_real, energy_fake = self.energy(real), self.energy(fake)
        squares = energy_real.square().mean() + energy_fake.square().mean()
        loss = energy_real.mean() - energy_fake.mean() + self.knobs.weight * squares
        return loss, {"energy_real": energy_real.detach().mean(), "energy_fake": energy_fake.detach().mean()}

    def anneal(self, factor: float) -> None:
        """Set the learning rate to `factor` times what the knobs say."""
        set_rate(self.optimiser, factor * self.knobs.lr)

    def published(self) -> dict[str, nn.Module]:
        """The sampler, and the averaged energy by which it draws: pictures [N, C, H, W] to [N, 1], low where the data lie."""
        return {"generator": self.sampler, "energy": self.average.module}

    def judge(self) -> nn.Module | None:
        """The network as it stands, turned round: the lower the energy of a picture, the higher its score."""
        return Likeness(self.energy)

    def parts(self) -> Parts:
        """The network, its average and optimiser, the chains; and a blurred start with what it is fitted to."""
        networks = {"energy": self.energy, "average": self.average.module}
        parts: Parts = {**networks, "optimiser": self.optimiser, "chains": self.chains}
        return parts if self.moments is None else {**parts, "start": self.start, "moments": self.moments}

    def _learn_start(self, batch: Batch) -> None:
        """Take in what the data are like at the size of the start; fit it whenever twice as many batches have been seen."""
        if self.moments is None:
            return
        self.moments.update(self.start.coarse(batch.real))
        count = batch.images // len(batch.real) + 1
        if count & (count - 1) == 0:
            self.start.fit(self.moments)

    def _shaken(self, real: Tensor, dice: torch.Generator) -> Tensor:
        noise = sent(torch.randn(real.shape, generator=dice), self.device)
        return (real + self.knobs.real_noise * noise).clamp(-1, 1)
