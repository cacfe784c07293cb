"""The generator alone: codes, the pyramid they are judged by, resumption, and what is published."""

import pytest
import torch
from learners import TINY, begin, share_of_error, squares, state, take_steps
from torch.nn.functional import conv2d

from ganlib.methods.glo import Glo, LatentOptimisation
from ganlib.methods.losses import _scaling, pyramid, pyramid_distance
from ganlib.methods.priors import FittedCodes
from ganlib.nets.dcgan import Dcgan

METHOD = Glo(network=TINY)


def learner(method: Glo = METHOD) -> LatentOptimisation:
    begun = begin(method)
    assert isinstance(begun, LatentOptimisation)
    return begun


def test_codes_stay_in_the_unit_ball() -> None:
    """At the beginning, and after steps so long that every code that was moved has been brought back to the sphere."""
    glo = learner(Glo(network=TINY, lr_codes=5.0))
    norms = [glo.codes.table.weight.detach().norm(dim=1)]
    take_steps(glo, squares(), 0, 12)
    norms.append(glo.codes.table.weight.detach().norm(dim=1))
    assert all(norm.max() <= 1 + 1e-6 for norm in norms)
    assert norms[1].min() > 0.99


def test_only_the_codes_of_the_batch_move() -> None:
    """After 3 steps of 8 pictures at least 8 of 32 codes are where they were, to the bit; all that were shown are not."""
    glo, pictures = learner(), squares()
    before = glo.codes.table.weight.detach().clone()
    take_steps(glo, pictures, 0, 3)
    shown = {
        row for number in range(3) for row in torch.randperm(32, generator=torch.Generator().manual_seed(number))[:8].tolist()
    }
    moved = (glo.codes.table.weight.detach() != before).any(dim=1).nonzero().flatten().tolist()
    assert set(moved) == shown


def test_reconstructions_beat_the_mean_picture() -> None:
    """After 150 steps on 32 squares the error is less than half the mean picture's, which is the least without codes."""
    glo, pictures = learner(Glo(network=Dcgan(width=8, latent=8), lr_generator=0.01, ema_kimg=0.1)), squares()
    take_steps(glo, pictures, 0, 150)
    with torch.no_grad():
        drawn = glo.average.module(glo.codes(torch.arange(32)))
    assert share_of_error(pictures, drawn) < 1 / 2


def test_the_published_generator_draws_from_the_codes_distribution() -> None:
    """The affine map before the decoder has the mean and the covariance of the codes, as the decoder is given them."""
    glo = learner()
    take_steps(glo, squares(), 0, 30)
    generator = glo.published()["generator"]
    assert isinstance(generator, FittedCodes)
    assert glo.codes.seen.all()
    codes = glo.codes(torch.arange(32)).detach()
    assert torch.allclose(generator.mean, codes.mean(0), atol=1e-6)
    assert torch.allclose(generator.factor @ generator.factor.T, torch.cov(codes.T, correction=0), atol=1e-5)


def test_codes_of_pictures_that_were_never_shown_do_not_count() -> None:
    """Of 32, the first eight were: theirs are those that are drawn from."""
    glo, pictures = learner(), squares()
    take_steps(glo, pictures[:8], 0, 10)
    generator = glo.published()["generator"]
    codes = glo.codes(torch.arange(8)).detach()
    assert torch.allclose(generator.mean, codes.mean(0), atol=1e-6)
    assert torch.allclose(generator.factor @ generator.factor.T, torch.cov(codes.T, correction=0), atol=1e-5)


def test_fitted_codes_have_the_mean_and_the_covariance() -> None:
    """Of 20,000 draws, within five standard errors of each entry; one direction has no spread at all."""
    mixing = torch.tensor([[2.0, 0.0, 0.0], [1.0, 0.5, 0.0], [3.0, 0.5, 0.0]])
    mean, covariance = torch.tensor([1.0, -2.0, 0.5]), mixing @ mixing.T
    generator = FittedCodes(torch.nn.Identity(), 3).fit(mean, covariance)
    number = 20_000
    drawn = generator(torch.randn(number, 3, generator=torch.Generator().manual_seed(0)))
    variances = covariance.diag()
    assert ((drawn.mean(0) - mean).abs() < 5 * (variances / number).sqrt()).all()
    error = ((torch.outer(variances, variances) + covariance.square()) / number).sqrt()  # of a Gaussian's sample covariance
    assert ((torch.cov(drawn.T) - covariance).abs() < 5 * error).all()
    flat = torch.linalg.eigh(covariance.double()).eigenvectors[:, 0]
    assert ((drawn - mean).double() @ flat).std() < 1e-5


@pytest.mark.parametrize("size", [16, 28, 32])
def test_a_pyramid_can_be_undone(size: int) -> None:
    """Each band is what the coarser level lacks: added up from the coarse end, the picture is there again."""
    pictures = torch.rand(2, 3, size, size)
    *bands, rebuilt = pyramid(pictures, 3)
    assert len(bands) == 3
    for band in reversed(bands):
        expand = _scaling(band.shape[-1], band.device)[1]
        rebuilt = band + expand @ rebuilt @ expand.T
    assert torch.allclose(rebuilt, pictures, atol=1e-6)


def test_halving_is_the_binomial_filter() -> None:
    """Away from the edges every second pixel of a convolution with (1, 4, 6, 4, 1) / 16 either way."""
    pictures = torch.rand(1, 1, 16, 16)
    reduce, _ = _scaling(16, pictures.device)
    row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    expected = conv2d(pictures, torch.outer(row, row)[None, None], stride=2)
    assert torch.allclose((reduce @ pictures @ reduce.T)[..., 1:-1, 1:-1], expected, atol=1e-6)


def test_a_shift_of_colour_counts_once() -> None:
    """Pictures that differ by a constant have equal bands, and the distance is that constant."""
    pictures = torch.rand(2, 3, 32, 32)
    assert pyramid_distance(pictures, pictures + 0.25).item() == pytest.approx(0.25, abs=1e-6)


def test_the_finest_detail_lies_in_the_first_band_alone() -> None:
    """A chequerboard of single pixels, away from the edges: the filter, 1 - 4 + 6 - 4 + 1, leaves nothing of it."""
    board = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(16, 16)[None, None]
    fine, *_, coarse = pyramid(board, 1)
    assert torch.equal(fine[..., 4:-4, 4:-4], board[..., 4:-4, 4:-4])
    assert coarse[..., 1:-1, 1:-1].abs().max() == 0


def test_points_are_compared_as_they_are() -> None:
    """Pictures of 1 × 1, as two-dimensional sets are: the mean absolute difference."""
    ours, theirs = torch.rand(4, 2, 1, 1), torch.rand(4, 2, 1, 1)
    assert torch.equal(pyramid_distance(ours, theirs), (ours - theirs).abs().mean())


def test_a_state_holds_every_picture_s_code() -> None:
    """As many codes as pictures, and for each what its optimiser knows of it."""
    tensors = state(learner())
    assert tensors["codes/table.weight"].shape == (32, TINY.latent)
    assert tensors["optimiser_codes/0/sum"].shape == (32, TINY.latent)
