"""The networks: shapes at every resolution, and what their parts promise."""

import pytest
import torch

from ganlib.nets import NETWORKS
from ganlib.nets.dcgan import batch_spread


@pytest.mark.parametrize("name", sorted(NETWORKS))
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [16, 32, 64, 128, 256])
def test_a_pair_fits_together_at_every_resolution(name: str, size: int, channels: int) -> None:
    """G's pictures have the asked shape and lie in [-1, 1]; D gives each of them one score."""
    network = NETWORKS[name](width=8, max_width=16)
    pictures = network.generator(size, channels)(torch.randn(2, network.latent))
    assert pictures.shape == (2, channels, size, size)
    assert pictures.abs().max() <= 1
    assert network.discriminator(size, channels)(pictures).shape == (2,)


def test_the_batch_spread_is_the_mean_standard_deviation() -> None:
    """Two pictures at 0 and 2 everywhere spread by 1; equal ones by (nearly) nothing."""
    apart = torch.stack([torch.zeros(3, 4, 4), torch.full((3, 4, 4), 2.0)])
    assert batch_spread(apart).item() == pytest.approx(1, abs=1e-6)
    assert batch_spread(torch.ones(2, 3, 4, 4)).item() == pytest.approx(1e-4, rel=1e-3)
