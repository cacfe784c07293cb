"""The discriminator alone: walks downhill in an energy, chains that go on, and a density that is near the truth."""

import math

import pytest
import torch
from torch import Tensor

from ganlib.methods.base import Batch, Setting
from ganlib.methods.energy import Carving, Energy
from ganlib.methods.landscape import landscape, masses, plane
from ganlib.methods.langevin import Langevin, end
from ganlib.nets.dcgan import Dcgan
from ganlib.nets.mlp import Mlp

CENTRES = torch.tensor([[0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5], [0.5, -0.5]])
SPREAD = 0.15
#: Unbiased walks at the temperature of 1/2: no slope is clipped, no noise on the data.
PLAIN = {"start": "noise", "clip": 0.0, "real_noise": 0.0, "limit": 10.0, "step_size": 0.01, "noise": 0.1, "weight": 0.01}


def mixture(number: int, seed: int) -> Tensor:
    """Points of four Gaussians as pictures [N, 2, 1, 1]."""
    dice = torch.Generator().manual_seed(seed)
    points = CENTRES[torch.randint(0, 4, (number,), generator=dice)] + SPREAD * torch.randn(number, 2, generator=dice)
    return points.clamp(-1, 1)[:, :, None, None]


def true_masses(side: int) -> Tensor:
    """The mixture's probability of each cell of `plane(side)`, float64 [side, side]."""
    distances = torch.cdist(plane(side).flatten(1).double(), CENTRES.double())
    density = torch.exp(-distances.square() / (2 * SPREAD**2)).sum(1)
    return (density / density.sum()).view(side, side)


def carve(knobs: Energy, rounds: int, number: int = 128) -> Carving:
    """A learner that has seen the mixture for so many rounds, the rate falling over the second half."""
    torch.manual_seed(0)
    carving, data = knobs.learner(Setting(1, 2, 4096, torch.device("cpu"), torch.float32)), mixture(4096, seed=3)
    for index in range(rounds):
        dice = torch.Generator().manual_seed(index)
        rows = torch.randint(0, len(data), (number,), generator=dice)
        carving.anneal(min(1.0, 2 * (1 - index / rounds)))
        carving.step(Batch(data[rows], rows, dice, number * index, index / rounds))
    return carving


def noises(shape: tuple[int, ...], steps: int, seed: int = 0) -> list[Tensor]:
    """Standard normal noise for each of the steps."""
    dice = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=dice) for _ in range(steps)]


def test_a_walk_in_a_bowl_settles_at_the_variance_of_its_rule() -> None:
    """In E = |x|² / 2 a step is x ← (1 - s) x + n z, whose variance rests at n² / (1 - (1 - s)²): here 0.0526.

    That of 40,000 numbers has a relative standard error of √(2 / 40,000) = 0.7 %; four of them are allowed.
    """
    rule = Langevin(step=0.1, noise=0.1)
    walked = end(
        rule.walk(lambda x: x.square().flatten(1).sum(1) / 2, torch.zeros(20_000, 2, 1, 1), noises((20_000, 2, 1, 1), 60))
    )
    expected = rule.noise**2 / (1 - (1 - rule.step) ** 2)
    assert walked.var().item() == pytest.approx(expected, rel=4 * math.sqrt(2 / 40_000))
    assert rule.temperature == pytest.approx(0.05)


def test_without_noise_every_step_goes_downhill() -> None:
    """Small steps along the slope of a smooth network: the energy of each picture falls at each of them."""
    torch.manual_seed(0)
    energy = Dcgan(width=4).encoder(16, 3, 1)
    start = torch.rand(4, 3, 16, 16) * 1.6 - 0.8
    walk = Langevin(step=1e-3, noise=0.0).walk(energy, start, noises((4, 3, 16, 16), 10))
    with torch.no_grad():
        energies = torch.stack([energy(pictures).flatten() for pictures in (start, *walk)])
    assert (energies.diff(dim=0) < 0).all()


def test_a_clipped_slope_moves_no_number_farther_than_it_may() -> None:
    """A cliff of slope 1,000 moves a picture by step × clip."""
    rule = Langevin(step=2.0, noise=0.0, clip=0.03)
    start = torch.zeros(3, 1, 4, 4)
    walked = end(rule.walk(lambda x: 1000 * x.flatten(1).sum(1), start, noises((3, 1, 4, 4), 1)))
    assert torch.allclose(walked, torch.full_like(walked, -0.06))


def test_a_chain_goes_on_where_its_last_round_ended() -> None:
    """Called again it stands where it was put, to half precision, with one round more behind it; with fresh 1 all begin anew."""
    torch.manual_seed(0)
    knobs = Energy(network=Dcgan(width=4), chains=8, fresh=0.0, start="noise")
    carving = knobs.learner(Setting(16, 3, 50, torch.device("cpu"), torch.float32))
    dice = torch.Generator().manual_seed(0)
    rows, begun, rounds = carving.called(8, dice)
    assert rounds.tolist() == [0] * 8
    carving.chains.put(rows, begun, rounds + 1)
    again, stands, rounds = carving.called(8, dice)
    assert rounds.tolist() == [1] * 8
    assert torch.allclose(stands, begun[torch.argsort(rows)][again], atol=1e-3)
    carving.knobs = Energy(network=knobs.network, chains=8, fresh=1.0, start="noise")
    _, anew, rounds = carving.called(8, dice)
    assert rounds.tolist() == [0] * 8
    assert not torch.allclose(anew, stands, atol=0.1)


def test_rounds_can_grow_longer() -> None:
    """From the first number of steps to the last, in a straight line."""
    knobs = Energy(steps_at_first=4, steps=12)
    assert [knobs.steps_when(done) for done in (0.0, 0.5, 1.0)] == [4, 8, 12]


def test_a_drawing_depends_on_its_code_alone() -> None:
    """The same code twice is the same picture to the bit, on frozen weights; its noise is standard normal."""
    torch.manual_seed(0)
    sampler = Energy(network=Dcgan(width=4), draw_steps=5).generator(16, 3).eval().requires_grad_(False)
    codes = torch.randn(4, sampler.latent)
    with torch.no_grad():
        once, twice = sampler(codes), sampler(codes)
    assert torch.equal(once, twice)
    assert once.abs().max() <= 1
    shaken = torch.stack(list(sampler._noises(codes)))
    assert shaken.shape == (5, 4, 3, 16, 16)
    assert shaken.std().item() == pytest.approx(1, abs=0.05)
    neighbours = torch.corrcoef(shaken[:2].flatten(1))[0, 1]
    assert abs(neighbours.item()) < 4 / math.sqrt(shaken[0].numel())


def test_masses_are_the_normalised_density() -> None:
    """Of E = |x|² / 2 at T = 0.04: a Gaussian of variance 0.04, nearly all of it in the square; they sum to 1."""
    cells = masses(landscape(lambda x: x.square().flatten(1).sum(1, keepdim=True) / 2, 100), 0.04)
    x = plane(100)[:, 0, 0, 0].double().view(100, 100)
    assert cells.sum().item() == pytest.approx(1, abs=1e-12)
    assert (cells * x.square()).sum().item() == pytest.approx(0.04, rel=1e-3)


@pytest.mark.slow
def test_the_density_is_near_the_truth_and_walks_end_where_it_is_high() -> None:
    """Four Gaussians in the plane: the total variation to the truth is below 0.25, where a flat density has 0.58.

    And the energy of fresh chains falls as they walk, in each third of the way.
    """
    knobs = Energy(network=Mlp(width=64), chains=2048, fresh=0.02, steps=10, steps_at_first=10, ema_kimg=5.0, **PLAIN)
    carving = carve(knobs, rounds=800)
    energy = carving.published()["energy"]
    found, truth = masses(landscape(energy, 60), knobs.rule.temperature), true_masses(60)
    flat = torch.full_like(truth, 1 / truth.numel())
    assert (flat - truth).abs().sum().item() / 2 == pytest.approx(0.58, abs=0.01)
    assert (found - truth).abs().sum().item() / 2 < 0.25
    start = 2 * torch.rand(500, 2, 1, 1, generator=torch.Generator().manual_seed(1)) - 1
    walk = [start, *knobs.rule.walk(energy, start, noises((500, 2, 1, 1), 60))]
    with torch.no_grad():
        energies = [energy(walk[index]).mean().item() for index in (0, 20, 40, 60)]
    assert energies[0] > energies[1] > energies[3] - 0.02
    assert energies[0] - energies[3] > 0.3
