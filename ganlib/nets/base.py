"""What a network is to the methods: a family of generator, discriminator and encoder, for any resolution that it can do."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol

from torch import nn

from ganlib.errors import AtelierError

#: Sides in pixels that networks can do which double them layer by layer.
DOUBLINGS = (16, 32, 64, 128, 256)


class Network(Protocol):
    """A dataclass of knobs that can build its networks for a resolution out of `sizes` and any number of channels.

    The generator maps codes [N, latent] to pictures [N, C, H, W] in [-1, 1]; with `conditions`, codes [N, latent + conditions],
    the last numbers of which also modulate its maps. The discriminator maps such pictures to scores [N], logits, or with more
    `outputs` to [N, outputs].

    The encoder maps them to [N, outputs], each picture for itself (no batch norm) and smoothly (no kinks, for
    the energy-based method follows its slope).

    batch_normed: whether its discriminator couples the pictures of a batch by batch norm; penalties on its slope at single
    pictures then make no sense. bounded: whether the discriminator's slope is bounded by itself (spectral norm). fewest: pictures
    that a batch must have: where vectors are normalised over it, one says nothing.
    """

    sizes: ClassVar[Sequence[int]]
    fewest: ClassVar[int]

    @property
    def name(self) -> str: ...

    @property
    def latent(self) -> int: ...

    @property
    def batch_normed(self) -> bool: ...

    @property
    def bounded(self) -> bool: ...

    def generator(self, size: int, channels: int, conditions: int = 0) -> nn.Module: ...

    def discriminator(self, size: int, channels: int, outputs: int = 1) -> nn.Module: ...

    def encoder(self, size: int, channels: int, outputs: int) -> nn.Module: ...


def check_size(network: Network, size: int, others: Iterable[type[Any]]) -> None:
    """Raise `AtelierError` where `network` cannot do pictures of this side; it says which it can, and which others could."""
    if size in network.sizes:
        return
    able = sorted(other.name for other in others if size in other.sizes)
    hint = f", or set train.method.network to one that can ({', '.join(able)})" if able else ""
    raise AtelierError(
        f"train.method.network {network.name}: expected pictures of {_listed(network.sizes)} pixels, found {size}; nothing was "
        f"started. Set curate.size to one of these{hint}."
    )


def check_fewest(network: Network, batch: int) -> None:
    """Raise `AtelierError` where `network` cannot learn from batches of so few pictures."""
    if batch < network.fewest:
        raise AtelierError(
            f"train.batch: expected at least {network.fewest} with the network {network.name}, which normalises over the batch, "
            f"found {batch}; nothing was started. Raise it."
        )


def _listed(sizes: Sequence[int]) -> str:
    if isinstance(sizes, range):
        return f"{sizes.start} to {sizes[-1]} (in steps of {sizes.step})"
    return ", ".join(map(str, sizes))
