"""The variational auto-encoder: its bound against closed forms, what it learns, and resumption."""

import math

import pytest
import torch
from learners import BATCH, TINY, begin, share_of_error, squares, take_steps
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from ganlib.methods.priors import FittedCodes
from ganlib.methods.vae import Inference, Vae, bound, kl, sampled, surprise
from ganlib.nets.dcgan import Dcgan

METHOD = Vae(network=TINY)
SIGMA = 0.3


def learner(method: Vae = METHOD) -> Inference:
    begun = begin(method)
    assert isinstance(begun, Inference)
    return begun


def test_the_divergence_is_the_closed_form() -> None:
    """As torch.distributions has it for each number of a code, summed; 0 for the standard normal distribution itself."""
    mean, log_variance = torch.randn(2, 5, 3, dtype=torch.float64)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(kl(mean, log_variance), expected, atol=1e-12)
    assert torch.equal(kl(torch.zeros(1, 3), torch.zeros(1, 3)), torch.zeros(1))


def test_the_surprise_is_a_density() -> None:
    """The negative logarithm of the normal densities of all values of a picture."""
    pictures, drawn = torch.rand(2, 5, 3, 4, 4, dtype=torch.float64)
    expected = -Normal(drawn, SIGMA).log_prob(pictures).flatten(1).sum(1)
    assert torch.allclose(surprise(pictures, drawn, SIGMA), expected, atol=1e-10)


class Linear:
    """x = W z + b + noise: four values from two numbers. W's columns are orthogonal, so that the posterior has no correlations.

    Likelihood and posterior are Gaussians in closed form (Tipping & Bishop 1999, section 3).
    """

    def __init__(self) -> None:
        dice = torch.Generator().manual_seed(0)
        basis = torch.linalg.qr(torch.randn(4, 2, dtype=torch.float64, generator=dice)).Q
        self.weight = basis * torch.tensor([0.8, 0.25], dtype=torch.float64)
        self.bias = torch.randn(4, dtype=torch.float64, generator=dice)
        self.pictures = torch.randn(6, 4, dtype=torch.float64, generator=dice)
        precision = torch.eye(2, dtype=torch.float64) + self.weight.T @ self.weight / SIGMA**2
        self.variance = 1 / precision.diag()
        self.mean = (self.pictures - self.bias) @ self.weight / SIGMA**2 * self.variance

    def nats(self) -> Tensor:
        """−log p(x) [6]."""
        covariance = self.weight @ self.weight.T + SIGMA**2 * torch.eye(4, dtype=torch.float64)
        return -MultivariateNormal(self.bias, covariance).log_prob(self.pictures)

    def bound(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """The bound [6] in expectation: what is quadratic has the mean of its values at ±√2 deviations along each of two axes."""
        terms = []
        for axis in math.sqrt(2) * torch.eye(2, dtype=torch.float64):
            for noise in (axis, -axis):
                drawn = sampled(mean, log_variance, noise) @ self.weight.T + self.bias
                nats = bound(self.pictures, drawn, mean, log_variance, SIGMA)
                terms.append(nats.reconstruction + nats.kl)
        return torch.stack(terms).mean(0)


def test_with_the_exact_posterior_the_bound_is_the_likelihood() -> None:
    """On a linear decoder with Gaussian noise, to ten digits."""
    model = Linear()
    exact = model.bound(model.mean, model.variance.log().expand(6, 2))
    assert torch.allclose(exact, model.nats(), rtol=1e-10, atol=1e-10)


def test_with_another_posterior_the_bound_is_above_by_its_divergence() -> None:
    """It exceeds −log p(x) by KL(q ‖ posterior), known in closed form, and so is never below, for 50 random encoders."""
    model = Linear()
    posterior = Normal(model.mean, model.variance.sqrt())
    dice = torch.Generator().manual_seed(1)
    for _ in range(50):
        mean = model.mean + torch.randn(6, 2, dtype=torch.float64, generator=dice)
        log_variance = torch.randn(6, 2, dtype=torch.float64, generator=dice) - 1
        gap = model.bound(mean, log_variance) - model.nats()
        expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), posterior).sum(1)
        assert torch.allclose(gap, expected, rtol=1e-9, atol=1e-9)
        assert (gap > 0).all()


def test_steepest_descent_on_the_bound_finds_the_posterior() -> None:
    """The gradient through sampled codes leads from the prior to the exact mean and variance."""
    model = Linear()
    mean, log_variance = (torch.zeros(6, 2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    optimiser = torch.optim.LBFGS([mean, log_variance], max_iter=200, tolerance_grad=1e-10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = model.bound(mean, log_variance).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)
    assert torch.allclose(mean, model.mean, atol=1e-4)
    assert torch.allclose(log_variance.exp(), model.variance.expand(6, 2), atol=1e-4)


def test_the_loss_is_the_sum_of_what_is_logged() -> None:
    """Reconstruction plus β times divergence, in nats a picture."""
    seen = take_steps(learner(Vae(network=TINY, beta=3.0)), squares(), 0, 2)
    assert seen["loss"].item() == pytest.approx((seen["reconstruction"] + 3 * seen["kl"]).item(), rel=1e-6)
    assert all(value.dim() == 0 for value in seen.values())


def test_reconstructions_beat_the_mean_picture() -> None:
    """After 150 steps on 32 squares the published pair's error, through the means, is less than half the mean picture's."""
    vae, pictures = learner(Vae(network=Dcgan(width=8, latent=8), lr=0.01, ema_kimg=0.1)), squares()
    take_steps(vae, pictures, 0, 150)
    published = vae.published()
    with torch.no_grad():
        means = published["encoder"](pictures)[:, : vae.latent]
        drawn = published["generator"].decoder(means)
    assert share_of_error(pictures, drawn) < 1 / 2


def test_what_is_random_in_a_step_comes_from_its_dice() -> None:
    """Torch's own random numbers change nothing."""
    ends = []
    for seed in (1, 2):
        vae = learner()
        torch.manual_seed(seed)
        ends.append(take_steps(vae, squares(), 0, 3)["loss"])
    assert torch.equal(*ends)


def test_the_prior_is_fitted_to_the_codes_or_left_as_it_is() -> None:
    """`fitted` has the moments of the codes seen; `normal` gives the averaged decoder normal codes themselves."""
    fitted = learner()
    take_steps(fitted, squares(), 0, 10)
    generator = fitted.published()["generator"]
    assert isinstance(generator, FittedCodes)
    assert torch.allclose(generator.mean.double(), fitted.moments.mean, atol=1e-6)
    assert torch.allclose((generator.factor @ generator.factor.T).double(), fitted.moments.covariance(), atol=1e-5)
    plain = learner(Vae(network=TINY, prior="normal"))
    assert plain.published()["generator"] is plain.average.module.get_submodule("decoder")


def test_the_moments_are_of_codes_not_of_means() -> None:
    """The spread of an answer belongs to the codes that the decoder learns from: after one step they have the step's moments."""
    vae, pictures = learner(), squares()
    dice = torch.Generator().manual_seed(0)
    rows = torch.randperm(len(pictures), generator=dice)[:BATCH]  # as the first of the fixed batches draws them
    with torch.no_grad():
        mean, log_variance = vae.encoder(pictures[rows]).chunk(2, dim=1)
        codes = sampled(mean, log_variance, torch.randn(BATCH, vae.latent, generator=dice)).double()
    take_steps(vae, pictures, 0, 1)
    assert torch.allclose(vae.moments.mean, codes.mean(0), atol=1e-6)
    assert torch.allclose(vae.moments.covariance(), torch.cov(codes.T, correction=0), atol=1e-5)


def test_of_all_gaussians_the_one_that_fits_the_codes_makes_the_bound_tightest() -> None:
    """The mean divergence of random encoders' answers is lowest from the Gaussian of their moments, of 50 others near it."""
    dice = torch.Generator().manual_seed(0)
    means, deviations = (
        torch.randn(40, 2, generator=dice, dtype=torch.float64) * 2 + 1,
        torch.rand(40, 2, generator=dice).double(),
    )
    answers = MultivariateNormal(means, torch.diag_embed(deviations.square() + 0.01))
    mean = means.mean(0)
    covariance = torch.cov(means.T, correction=0) + torch.diag((deviations.square() + 0.01).mean(0))

    def cost(mean: Tensor, covariance: Tensor) -> float:
        return float(kl_divergence(answers, MultivariateNormal(mean, covariance)).mean())

    best = cost(mean, covariance)
    assert best < cost(torch.zeros(2).double(), torch.eye(2).double())
    for _ in range(50):
        mixing = torch.eye(2).double() + 0.2 * torch.randn(2, 2, generator=dice).double()
        assert best < cost(mean + 0.1 * torch.randn(2, generator=dice).double(), mixing @ covariance @ mixing.T)
