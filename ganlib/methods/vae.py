"""The variational auto-encoder: codes are regions, so that what lies between two is drawn well, too (Kingma & Welling 2014)."""

import math
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor, nn

from ganlib.knobs import NaturalFloat, OneOf, PositiveFloat, Share
from ganlib.methods.base import Batch, Setting
from ganlib.methods.pair import Pair
from ganlib.methods.priors import FittedCodes
from ganlib.nets import NETWORKS
from ganlib.nets.base import Network
from ganlib.nets.dcgan import Dcgan
from ganlib.ranks import rolled
from ganlib.training.descent import autocast, descend


@dataclass(frozen=True)
class Vae:
    """The knobs of the variational auto-encoder.

    sigma: standard deviation of a picture's values, in [-1, 1], about what the decoder draws. A small one asks for exact
    reconstructions, a large one for codes that are spread as those to be drawn from.
    beta: weight of the divergence of the codes; 1 for a bound on the likelihood (others: Higgins et al. 2017).
    prior: what published codes are drawn from. `fitted` is the Gaussian with the mean and covariance of the codes seen, which
    makes the bound the tightest of all Gaussians (Hoffman & Johnson 2016); `normal`, which these approach in a long run, is
    the paper's.
    codes_kimg: half-life of that mean and covariance, in thousands of pictures.
    ema_kimg: half-life of the averaged networks, in thousands of pictures; 0 publishes the last ones.
    """

    mirrors: ClassVar[bool] = True
    splits: ClassVar[bool] = True

    name: Literal["vae"] = "vae"
    network: Annotated[Network, OneOf("name", NETWORKS)] = field(default_factory=Dcgan)
    sigma: PositiveFloat = 0.3
    beta: NaturalFloat = 1.0
    prior: Literal["fitted", "normal"] = "fitted"
    codes_kimg: PositiveFloat = 1.0
    lr: PositiveFloat = 1e-3
    beta1: Share = 0.5
    beta2: Share = 0.99
    ema_kimg: NaturalFloat = 2.0

    def learner(self, setting: Setting) -> "Inference":
        """Encoder and decoder, ready for their first step; weights are drawn from torch's global random state."""
        return Inference(self, setting)

    def generator(self, size: int, channels: int) -> nn.Module:
        """A new generator of standard normal codes, as the published weights fit it."""
        return self.of_normal(self.network.generator(size, channels))

    def of_normal(self, decoder: nn.Module) -> nn.Module:
        """The decoder as a generator of standard normal codes."""
        return FittedCodes(decoder, self.network.latent) if self.prior == "fitted" else decoder


@dataclass(frozen=True)
class Bound:
    """The two sides of an upper bound on −log p(x), each [N] in nats; their sum is the bound, in expectation over the codes."""

    reconstruction: Tensor
    kl: Tensor


def bound(pictures: Tensor, drawn: Tensor, mean: Tensor, log_variance: Tensor, sigma: float) -> Bound:
    """The bound (equation 7) for pictures [N, ...], what was drawn from their codes, and the encoder's answers [N, latent]."""
    return Bound(surprise(pictures, drawn, sigma), kl(mean, log_variance))


def surprise(pictures: Tensor, drawn: Tensor, sigma: float) -> Tensor:
    """−log p(x | z) [N] in nats: each value differs from what was drawn from z by an error of its own from N(0, sigma²)."""
    errors = (pictures - drawn).flatten(1)
    return errors.square().sum(1) / (2 * sigma**2) + errors.shape[1] * math.log(sigma * math.sqrt(2 * math.pi))


def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) ‖ N(0, 1)) [N] in nats, summed over the numbers of a code [N, latent] (appendix B)."""
    return (mean.square() + log_variance.exp() - log_variance - 1).sum(1) / 2


def sampled(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Codes [N, latent] of the encoder's distributions, as a function with a slope (section 2.4); noise is standard normal."""
    return mean + (log_variance / 2).exp() * noise


class Inference(Pair):
    """Encoder, to means and logarithms of variances, and decoder."""

    def __init__(self, knobs: Vae, setting: Setting) -> None:
        super().__init__(knobs, setting, outputs=2 * knobs.network.latent)
        self.knobs = knobs

    def learn(self, batch: Batch) -> dict[str, Tensor]:
        """Encode a batch to distributions, decode one code of each, and lower the bound on what the batch costs."""
        noise = rolled(torch.randn, (len(batch.real), self.latent), batch.dice, self.device)
        with autocast(self.device, self.precision):
            mean, log_variance = self.encoder(batch.real).float().chunk(2, dim=1)
            codes = sampled(mean, log_variance, noise)
            drawn = self.decoder(codes).float()
        nats = bound(batch.real, drawn, mean, log_variance, self.knobs.sigma)
        reconstruction, divergence = nats.reconstruction.mean(), nats.kl.mean()
        loss = reconstruction + self.knobs.beta * divergence
        norm = descend(self.optimiser, loss, "auto-encoder")
        self.moments.update(codes.detach())
        found = {"loss": loss, "gradient": norm, "reconstruction": reconstruction, "kl": divergence}
        return {name: value.detach() for name, value in found.items()}

    def published(self) -> dict[str, nn.Module]:
        """The averages: the decoder, and the encoder, to [N, 2 latent]: means, then logarithms of variances."""
        encoder, decoder = self.averaged()
        generator = self.knobs.of_normal(decoder).to(self.device).eval()
        if isinstance(generator, FittedCodes):
            generator.fit(self.moments.mean, self.moments.covariance())
        return {"generator": generator, "encoder": encoder}
