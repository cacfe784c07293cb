"""The objective and the penalty, against closed forms."""

import math

import pytest
import torch

from ganlib.objectives import OBJECTIVES
from ganlib.objectives.penalties import PENALTIES


def test_nonsaturating_at_scores_computed_by_hand() -> None:
    """At D(real) = log 3 and D(fake) = 0, σ is 3/4 and 1/2: the losses are log(4/3) + log 2 and log 2."""
    real, fake = torch.tensor([math.log(3)], dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    game = OBJECTIVES["nonsaturating"]
    assert game.discriminator(real, fake).item() == pytest.approx(math.log(4 / 3) + math.log(2), abs=1e-15)
    assert game.generator(fake).item() == pytest.approx(math.log(2), abs=1e-15)


def test_nonsaturating_is_at_its_saddle_where_nothing_can_be_told_apart() -> None:
    """With equal scores of 0 D loses 2 log 2 and its gradient with respect to a common shift of all scores vanishes."""
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    loss = OBJECTIVES["nonsaturating"].discriminator(shift.expand(5), shift.expand(5))
    loss.backward()
    assert loss.item() == pytest.approx(2 * math.log(2), abs=1e-15)
    assert shift.grad is not None
    assert abs(shift.grad.item()) < 1e-15


def test_the_generator_still_learns_from_a_discriminator_that_is_sure() -> None:
    """Where D(fake) is -20 the minimax generator would get a gradient of about 2e-9; this one gets nearly 1."""
    score = torch.tensor([-20.0], requires_grad=True)
    OBJECTIVES["nonsaturating"].generator(score).backward()
    assert score.grad is not None
    assert score.grad.item() == pytest.approx(-1, abs=1e-6)


def test_losses_stay_finite_at_huge_scores() -> None:
    """log σ written out would overflow at 1e4."""
    huge = torch.tensor([1e4])
    game = OBJECTIVES["nonsaturating"]
    assert torch.isfinite(game.discriminator(-huge, huge))
    assert torch.isfinite(game.generator(-huge))


def test_r1_of_a_linear_discriminator_is_the_square_of_its_weights() -> None:
    """D(x) = w·x has slope w everywhere, so R1 is ‖w‖², whatever the pictures."""
    weights = torch.randn(3, 4, 4, dtype=torch.float64, requires_grad=True)
    real = torch.randn(5, 3, 4, 4, dtype=torch.float64)
    value = PENALTIES["r1"](lambda x: (x * weights).sum(dim=(1, 2, 3)), real, real)
    value.backward()
    assert value.item() == pytest.approx(weights.detach().square().sum().item(), rel=1e-12)
    assert weights.grad is not None
    torch.testing.assert_close(weights.grad, 2 * weights.detach(), rtol=1e-12, atol=0)


def test_r1_agrees_with_finite_differences() -> None:
    """Of a curved discriminator: central differences with step h err by about h², here far below 1e-7."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    real, step = torch.randn(4, 3, 2, 2, dtype=torch.float64), 1e-5

    def score(pictures: torch.Tensor) -> torch.Tensor:
        return net(pictures).squeeze(1)

    slopes = torch.zeros(4, 12, dtype=torch.float64)
    for pixel in range(12):
        nudge = torch.zeros(12, dtype=torch.float64)
        nudge[pixel] = step
        nudge = nudge.reshape(1, 3, 2, 2)
        slopes[:, pixel] = ((score(real + nudge) - score(real - nudge)) / (2 * step)).detach()
    expected = slopes.square().sum(1).mean().item()
    assert PENALTIES["r1"](score, real, real).item() == pytest.approx(expected, rel=1e-7)
