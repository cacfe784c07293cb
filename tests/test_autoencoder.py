"""The auto-encoder: what it learns, the codes that it draws from, and resumption."""

import pytest
import torch
from learners import TINY, begin, share_of_error, squares, take_steps

from ganlib.methods.autoencoder import Autoencoder, Compression
from ganlib.methods.moments import Moments
from ganlib.methods.priors import FittedCodes
from ganlib.nets.dcgan import Dcgan

METHOD = Autoencoder(network=TINY)


def learner(method: Autoencoder = METHOD) -> Compression:
    begun = begin(method)
    assert isinstance(begun, Compression)
    return begun


def test_reconstructions_beat_the_mean_picture() -> None:
    """After 150 steps on 32 squares the published pair's error is less than half the mean picture's."""
    coder, pictures = learner(Autoencoder(network=Dcgan(width=8, latent=8), lr=0.01, ema_kimg=0.1)), squares()
    take_steps(coder, pictures, 0, 150)
    published = coder.published()
    with torch.no_grad():
        drawn = published["generator"].decoder(published["encoder"](pictures))
    assert share_of_error(pictures, drawn) < 1 / 2


def test_the_published_generator_draws_from_the_codes_distribution() -> None:
    """The map before the decoder has the mean and covariance that the moments say; before any step, the normal ones."""
    coder = learner()
    fresh = coder.published()["generator"]
    assert isinstance(fresh, FittedCodes)
    assert torch.equal(fresh.mean, torch.zeros(4))
    assert torch.allclose(fresh.factor @ fresh.factor.T, torch.eye(4), atol=1e-6)
    take_steps(coder, squares(), 0, 10)
    fitted = coder.published()["generator"]
    assert isinstance(fitted, FittedCodes)
    assert torch.allclose(fitted.mean.double(), coder.moments.mean, atol=1e-6)
    covariance = coder.moments.covariance()
    assert torch.allclose((fitted.factor @ fitted.factor.T).double(), covariance, atol=1e-5 * float(covariance.abs().max()))


def test_moments_are_weighted_by_half_lives() -> None:
    """Against the sum written out: a batch shown one half-life (30 pictures) ago weighs half of the last one."""
    moments = Moments(3, half_life_kimg=0.03)
    batches = torch.randn(7, 10, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 2
    for batch in batches:
        moments.update(batch)
    weights = 0.5 ** (torch.arange(6, -1, -1, dtype=torch.float64) * 10 / 30)
    weights = (weights / weights.sum())[:, None].expand(7, 10).flatten() / 10
    codes = batches.flatten(0, 1)
    mean = weights @ codes
    assert torch.allclose(moments.mean, mean, atol=1e-12)
    assert torch.allclose(moments.covariance(), (codes - mean).T @ (weights[:, None] * (codes - mean)), atol=1e-12)


def test_moments_follow_codes_that_move() -> None:
    """After twenty half-lives nothing is left of where the codes were before, to a millionth."""
    moments = Moments(1, half_life_kimg=0.01)
    moments.update(torch.full((10, 1), 100.0))
    for _ in range(20):
        moments.update(torch.zeros(10, 1))
    assert moments.mean.item() == pytest.approx(0, abs=100 * 2 * 0.5**20)
