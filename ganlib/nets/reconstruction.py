"""A discriminator that is an auto-encoder: what it cannot reconstruct, it takes for generated."""

from torch import Tensor, nn

from ganlib.nets.base import Network


class Reconstruction(nn.Module):
    """Pictures [N, C, H, W] to the mean absolute errors [N] of their reconstructions (BEGAN, Berthelot et al. 2017, section 3.1).

    The decoder is a generator as the network has it: where that has batch norm, an error depends a little on the batch.
    """

    def __init__(self, network: Network, size: int, channels: int) -> None:
        super().__init__()
        self.encoder = network.encoder(size, channels, network.latent)
        self.decoder = network.generator(size, channels)

    def forward(self, pictures: Tensor) -> Tensor:
        errors: Tensor = (pictures - self.decoder(self.encoder(pictures))).abs().flatten(1).mean(1)
        return errors
