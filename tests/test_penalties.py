"""The penalties: where they look at D's slope, what they make of it, against closed forms and finite differences."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ganlib.objectives.penalties import PENALTIES

PICTURES = (3, 2, 2)
PIXELS = math.prod(PICTURES)


def draw(count: int, seed: int) -> Tensor:
    """Pictures of twelve numbers each."""
    return torch.randn(count, *PICTURES, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def take(name: str, discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, seed: int = 0) -> Tensor:
    """A penalty with dice of this seed."""
    return PENALTIES[name](discriminator, real, fake, torch.Generator().manual_seed(seed))


def linear(weights: Tensor) -> Callable[[Tensor], Tensor]:
    """D(x) = w·x, whose slope is w everywhere."""
    return lambda pictures: pictures.flatten(1) @ weights


def curved(weights: Tensor) -> Callable[[Tensor], Tensor]:
    """D(x) = the sum of tanh(Wx), whose slope is another at every x. weights: W [hidden, pixels]."""
    return lambda pictures: torch.tanh(pictures.flatten(1) @ weights.T).sum(1)


def places(name: str, real: Tensor, fake: Tensor, seed: int = 0) -> Tensor:
    """The pictures at which a penalty asks D for its slope."""
    asked: list[Tensor] = []

    def discriminator(pictures: Tensor) -> Tensor:
        asked.append(pictures.detach())
        return pictures.flatten(1).sum(1)

    take(name, discriminator, real, fake, seed)
    return torch.cat(asked)


def steepness(discriminator: Callable[[Tensor], Tensor], pictures: Tensor, step: float = 1e-5) -> Tensor:
    """‖∇D‖ at each picture by central differences, which err by about step² = 1e-10 where D's third derivatives are about 1."""
    nudges = step * torch.eye(PIXELS, dtype=torch.float64).reshape(PIXELS, 1, *PICTURES)
    slopes = [(discriminator(pictures + nudge) - discriminator(pictures - nudge)) / (2 * step) for nudge in nudges]
    return torch.stack(slopes, dim=1).norm(dim=1)


#: What each makes of the norms of the slopes at the places that it looks at.
MADE_OF: dict[str, Callable[[Tensor], Tensor]] = {
    "gradient": lambda norms: (norms - 1).square().mean(),
    "dragan": lambda norms: (norms - 1).square().mean(),
    "r1": lambda norms: norms.square().mean(),
    "r2": lambda norms: norms.square().mean(),
}


def test_every_penalty_is_held_by_these_tests() -> None:
    """A new penalty without its closed form here is noticed."""
    assert set(MADE_OF) == set(PENALTIES)


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("length", [0.25, 1.0, 3.0])
def test_of_a_linear_discriminator_it_is_known_in_closed_form(name: str, length: float) -> None:
    """D(x) = w·x costs ‖w‖² or (‖w‖ - 1)², whatever the pictures, and moves w along itself: by 2w or 2(‖w‖ - 1)w/‖w‖."""
    weights = torch.arange(1, PIXELS + 1, dtype=torch.float64)
    weights = (length * weights / weights.norm()).requires_grad_(True)
    value = take(name, linear(weights), draw(5, 1), draw(5, 2))
    value.backward()
    squared = name in ("r1", "r2")
    assert value.item() == pytest.approx(length**2 if squared else (length - 1) ** 2, abs=1e-14)
    expected = weights.detach() * (2 if squared else 2 * (length - 1) / length)
    torch.testing.assert_close(weights.grad, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", PENALTIES)
def test_of_a_curved_discriminator_it_agrees_with_finite_differences(name: str) -> None:
    """The slopes at the places it looks at, by central differences: those err by about 1e-10, here 1e-7 is allowed."""
    discriminator = curved(draw(8, 3).flatten(1))
    real, fake = draw(6, 1), draw(6, 2)
    expected = MADE_OF[name](steepness(discriminator, places(name, real, fake)))
    assert take(name, discriminator, real, fake).item() == pytest.approx(expected.item(), rel=1e-7)


@pytest.mark.parametrize("name", PENALTIES)
def test_its_gradient_in_the_discriminators_weights_agrees_with_finite_differences(name: str) -> None:
    """What D learns from it is right, too: the second derivative, by which a penalty works."""
    real, fake = draw(4, 1), draw(4, 2)
    weights = draw(3, 3).flatten(1).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda w: take(name, curved(w), real, fake), (weights,))


@pytest.mark.parametrize("name", PENALTIES)
def test_a_flat_discriminator_gets_no_gradient_that_is_not_finite(name: str) -> None:
    """The norm of a slope of 0 has no derivative, which must not become NaN: (0 - 1)² = 1 or 0² = 0, and D stays where it is."""
    weights = torch.zeros(PIXELS, dtype=torch.float64, requires_grad=True)
    value = take(name, linear(weights), draw(5, 1), draw(5, 2))
    value.backward()
    assert value.item() == (0 if name in ("r1", "r2") else 1)
    torch.testing.assert_close(weights.grad, torch.zeros(PIXELS, dtype=torch.float64), rtol=0, atol=0)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_nearly_flat_discriminator_is_pushed_by_finite_gradients(name: str) -> None:
    """In float32 a slope of 1e-24 has a square that is 0; a norm made of squares must not divide by it."""
    weights = torch.full((PIXELS,), 1e-24, requires_grad=True)
    take(name, linear(weights), draw(5, 1).float(), draw(5, 2).float()).backward()
    assert weights.grad is not None
    assert torch.isfinite(weights.grad).all()


@pytest.mark.parametrize("name", PENALTIES)
def test_the_generator_learns_nothing_from_it(name: str) -> None:
    """No gradient comes back to the generated pictures."""
    fake = draw(4, 2).requires_grad_(True)
    weights = draw(3, 3).flatten(1).requires_grad_(True)
    take(name, curved(weights), draw(4, 1), fake).backward()
    assert fake.grad is None
    assert weights.grad is not None


@pytest.mark.parametrize("name", PENALTIES)
def test_its_chance_is_that_of_the_dice_alone(name: str) -> None:
    """The same seed gives the same bits, whatever torch's own random state, which is left as it was."""
    real, fake, discriminator = draw(6, 1), draw(6, 2), curved(draw(8, 3).flatten(1))
    torch.manual_seed(1)
    first = take(name, discriminator, real, fake)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert torch.equal(take(name, discriminator, real, fake), first)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["gradient", "dragan"])
def test_every_step_looks_at_other_places(name: str) -> None:
    """Dice of another seed lead elsewhere."""
    assert not torch.equal(places(name, draw(6, 1), draw(6, 2), seed=0), places(name, draw(6, 1), draw(6, 2), seed=1))


def test_r1_looks_at_the_real_and_r2_at_the_generated_pictures() -> None:
    """Nowhere else."""
    real, fake = draw(6, 1), draw(6, 2)
    assert torch.equal(places("r1", real, fake), real)
    assert torch.equal(places("r2", real, fake), fake)


def test_the_gradient_penalty_looks_at_straight_lines_between_real_and_generated() -> None:
    """One place a pair: its share of the way is one number for all pixels, and uniform in [0, 1).

    The mean of 1000 uniform numbers is 1/2 to within 4 × 1/√12000 = 0.037, and so is, by its deviation of √(4/45/1000),
    the mean of their squares 1/3 to within 0.038.
    """
    real, fake = draw(1000, 1), draw(1000, 2)
    ways = (places("gradient", real, fake) - real).flatten(1)
    whole = (fake - real).flatten(1)
    share = (ways * whole).sum(1) / whole.square().sum(1)
    torch.testing.assert_close(ways, share[:, None] * whole, rtol=0, atol=1e-12)
    assert 0 <= share.min() < 0.01
    assert 0.99 < share.max() < 1
    assert share.mean().item() == pytest.approx(1 / 2, abs=0.037)
    assert share.square().mean().item() == pytest.approx(1 / 3, abs=0.038)


def test_dragan_looks_a_little_beside_the_data() -> None:
    """Up to half a deviation of the batch upwards: α u of that, with u uniform for each pixel and α for each picture.

    The mean of α u is 1/4. Over 1000 pictures of 12 pixels its deviation is √((1/48 + 1/12/12/3) / 1000) = 0.0048, by chance
    of α and of u; 4 of those are allowed.
    """
    real = 3 * draw(1000, 1) + 5
    beside = (places("dragan", real, draw(1000, 2)) - real).flatten(1) / (0.5 * real.std(correction=0))
    assert beside.min() >= -1e-12
    assert beside.max() < 1
    assert beside.mean().item() == pytest.approx(1 / 4, abs=4 * 0.0048)
    reach = beside.max(1).values
    assert reach.min() < 0.05  # α: some pictures are hardly moved at all, in none of their pixels
    assert reach.max() > 0.9
    assert (beside.std(1) > 0).all()  # u: no two pixels of a picture alike


def test_dragan_does_not_heed_the_generated_pictures() -> None:
    """Others in their place change no bit."""
    discriminator = curved(draw(8, 3).flatten(1))
    assert torch.equal(
        take("dragan", discriminator, draw(6, 1), draw(6, 2)), take("dragan", discriminator, draw(6, 1), draw(6, 4))
    )
