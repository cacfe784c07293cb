"""Networks: pairs of a generator and a discriminator, one file each, one line here."""

from typing import Any, Protocol

from torch import nn

from ganlib.nets.dcgan import Dcgan


class Network(Protocol):
    """A dataclass of knobs that can build its pair for any resolution and number of channels.

    The generator maps codes [N, latent] to pictures [N, C, H, W] in [-1, 1]; the discriminator maps such pictures to
    scores [N], logits.
    """

    @property
    def name(self) -> str: ...

    @property
    def latent(self) -> int: ...

    def generator(self, size: int, channels: int) -> nn.Module: ...

    def discriminator(self, size: int, channels: int) -> nn.Module: ...


NETWORKS: dict[str, type[Any]] = {
    "dcgan": Dcgan,
}
