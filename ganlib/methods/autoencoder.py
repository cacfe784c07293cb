"""Codes found by an encoder, where the generator alone has random ones; the decoder generates (Hinton & Salakhutdinov 2006)."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from torch import Tensor, nn
from torch.nn.functional import mse_loss

from ganlib.knobs import NaturalFloat, OneOf, PositiveFloat, Share
from ganlib.methods.base import Batch, Setting
from ganlib.methods.pair import Pair
from ganlib.methods.priors import FittedCodes
from ganlib.nets import NETWORKS
from ganlib.nets.base import Network
from ganlib.nets.dcgan import Dcgan
from ganlib.training.descent import autocast, descend


@dataclass(frozen=True)
class Autoencoder:
    """The knobs of the auto-encoder.

    codes_kimg: half-life of the mean and covariance of the codes seen, in thousands of pictures; new codes are drawn from the
    Gaussian that has them.
    ema_kimg: half-life of the averaged networks, in thousands of pictures; 0 publishes the last ones.
    """

    mirrors: ClassVar[bool] = True
    splits: ClassVar[bool] = True

    name: Literal["autoencoder"] = "autoencoder"
    network: Annotated[Network, OneOf("name", NETWORKS)] = field(default_factory=Dcgan)
    lr: PositiveFloat = 1e-3
    beta1: Share = 0.5
    beta2: Share = 0.99
    codes_kimg: PositiveFloat = 1.0
    ema_kimg: NaturalFloat = 2.0

    def learner(self, setting: Setting) -> "Compression":
        """Encoder and decoder, ready for their first step; weights are drawn from torch's global random state."""
        return Compression(self, setting)

    def generator(self, size: int, channels: int) -> nn.Module:
        """A new generator of standard normal codes, as the published weights fit it."""
        return FittedCodes(self.network.generator(size, channels), self.network.latent)


class Compression(Pair):
    """Encoder and decoder, the one undone by the other."""

    def __init__(self, knobs: Autoencoder, setting: Setting) -> None:
        super().__init__(knobs, setting, outputs=knobs.network.latent)

    def learn(self, batch: Batch) -> dict[str, Tensor]:
        """Encode a batch, decode it, and learn from what was lost on the way."""
        with autocast(self.device, self.precision):
            codes = self.encoder(batch.real)
            pictures = self.decoder(codes).float()
        loss = mse_loss(pictures, batch.real)
        norm = descend(self.optimiser, loss, "auto-encoder")
        self.moments.update(codes.detach())
        return {"loss": loss.detach(), "gradient": norm}

    def published(self) -> dict[str, nn.Module]:
        """The averages: the decoder, of codes from the Gaussian that fits those seen, and the encoder, to [N, latent]."""
        encoder, decoder = self.averaged()
        generator = FittedCodes(decoder, self.latent).to(self.device)
        return {"generator": generator.fit(self.moments.mean, self.moments.covariance()).eval(), "encoder": encoder}
