"""The generator alone: every picture is given a code, and both learn until one draws the other (Bojanowski et al. 2018)."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.optim import Adagrad
from torch.sparse import check_sparse_tensor_invariants

from ganlib.knobs import NaturalFloat, OneOf, Positive, PositiveFloat, Share
from ganlib.methods.base import Batch, Setting
from ganlib.methods.losses import pyramid_distance
from ganlib.methods.priors import FittedCodes
from ganlib.nets import NETWORKS
from ganlib.nets.base import Network
from ganlib.nets.dcgan import Dcgan
from ganlib.training.average import Average
from ganlib.training.descent import adam, autocast, descend, placed, set_rate
from ganlib.training.sending import sent
from ganlib.training.state import Parts


@dataclass(frozen=True)
class Glo:
    """The knobs of generative latent optimisation.

    lr_codes: how far each number of a code moves on the first visit of its picture; a code's norm is at most 1.
    levels: bands of the Laplacian pyramid in which pictures are compared.
    ema_kimg: half-life of the averaged generator, in thousands of pictures; 0 publishes the last one.
    """

    mirrors: ClassVar[bool] = False  # a code belongs to one picture, and its mirror image is another
    splits: ClassVar[bool] = False  # the codes are one table, of which every step moves some rows

    name: Literal["glo"] = "glo"
    network: Annotated[Network, OneOf("name", NETWORKS)] = field(default_factory=Dcgan)
    levels: Positive = 3
    lr_generator: PositiveFloat = 2e-3
    lr_codes: PositiveFloat = 0.1
    beta1: Share = 0.5
    beta2: Share = 0.99
    ema_kimg: NaturalFloat = 2.0

    def learner(self, setting: Setting) -> "LatentOptimisation":
        """Generator and codes, ready for their first step; both are drawn from torch's global random state."""
        return LatentOptimisation(self, setting)

    def generator(self, size: int, channels: int) -> nn.Module:
        """A new generator of standard normal codes, as the published weights fit it."""
        return FittedCodes(self.network.generator(size, channels), self.network.latent)


class Codes(nn.Module):
    """One code in the unit ball for each of `number` pictures.

    A generator is given them times √latent: networks are made for numbers of unit variance, and a code on the sphere then has
    such. seen: [number], whether a picture was ever shown.
    """

    seen: Tensor

    def __init__(self, number: int, latent: int) -> None:
        super().__init__()
        self.table = nn.Embedding(number, latent, sparse=True)
        self.register_buffer("seen", torch.zeros(number, dtype=torch.bool))
        self.scale = latent**0.5
        self.project(torch.arange(number))

    def forward(self, rows: Tensor) -> Tensor:
        """Scaled codes [N, latent] of the pictures `rows` [N]."""
        codes: Tensor = self.scale * self.table(rows)
        return codes

    @torch.no_grad()
    def project(self, rows: Tensor) -> None:
        """Bring codes that have left the unit ball back to the nearest point of it (section 2.1)."""
        codes = self.table.weight[rows]
        self.table.weight[rows] = codes / codes.norm(dim=1, keepdim=True).clamp(min=1)

    @torch.no_grad()
    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean [latent] and covariance [latent, latent], scaled, of the codes of pictures that were shown; at first, of all."""
        codes = self.scale * self.table.weight[self.seen if self.seen.any() else slice(None)].double()
        spread = codes - codes.mean(0)
        return codes.mean(0), spread.T @ spread / len(codes)


class LatentOptimisation:
    """A generator with its average over time, a code for every picture, and an optimiser for either.

    The codes have Adagrad (Duchi et al. 2011): it moves the rows of the batch only, where Adam's momentum would move all; its
    state is kept row by row, with no count of steps that a seldom seen row would be behind; and its steps do not depend on the
    scale of the loss, as plain descent's do. A run visits a picture a few times only, so the first visits must move its code far.
    """

    def __init__(self, knobs: Glo, setting: Setting) -> None:
        self.knobs, self.device, self.precision = knobs, setting.device, setting.precision
        self.latent = knobs.network.latent
        self.g = placed(knobs.network.generator(setting.size, setting.channels), self.device, setting.fast)
        self.codes = Codes(setting.pictures, self.latent).to(self.device)
        self.average = Average(self.g, knobs.ema_kimg)
        self.optimiser_g = adam(self.g, knobs.lr_generator, knobs.beta1, knobs.beta2)
        self.optimiser_codes = Adagrad(self.codes.named_parameters(), lr=knobs.lr_codes)

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Draw each picture of the batch from its code; move generator and codes towards what it should be."""
        rows = sent(batch.rows, self.device)
        with autocast(self.device, self.precision):
            pictures = self.g(self.codes(rows)).float()
        loss = pyramid_distance(pictures, batch.real, self.knobs.levels)
        self.optimiser_codes.zero_grad(set_to_none=True)
        # This fills the codes' gradients, too, finite where the first layer's is; Adagrad would not know of one that is broken.
        norm = descend(self.optimiser_g, loss, "generator", at_once=True)
        with check_sparse_tensor_invariants(enable=False):  # type: ignore[no-untyped-call]  # left open, torch warns of it
            self.optimiser_codes.step()
        self.codes.project(rows)
        self.codes.seen[rows] = True
        self.average.update(len(rows), batch.images)
        return {"loss": loss.detach(), "gradient": norm}

    def anneal(self, factor: float) -> None:
        """Set both learning rates to `factor` times what the knobs say."""
        set_rate(self.optimiser_g, factor * self.knobs.lr_generator)
        set_rate(self.optimiser_codes, factor * self.knobs.lr_codes)

    def published(self) -> dict[str, nn.Module]:
        """The averaged generator, of codes from the Gaussian that fits those of the pictures (section 3.3)."""
        generator = FittedCodes(self.average.module, self.latent).to(self.device)
        return {"generator": generator.fit(*self.codes.moments()).eval()}

    def judge(self) -> None:
        """Nobody judges."""

    def parts(self) -> Parts:
        """Generator, codes, both optimisers, the average."""
        return {
            "generator": self.g,
            "codes": self.codes,
            "average": self.average.module,
            "optimiser_generator": self.optimiser_g,
            "optimiser_codes": self.optimiser_codes,
        }
