"""A ring of eight Gaussians, learnt by every method: who covers how many of the modes."""

import math

import pytest
import torch
from games import every_method
from torch import Tensor

from ganlib.methods.base import Batch, Method, Setting
from ganlib.nets.mlp import Mlp

RADIUS, SPREAD, STEPS, SHORT, NUMBER = 0.7, 0.02, 1500, 500, 64
ADVERSARIAL = {"penalty_every": 1, "lr_generator": 1e-3, "lr_discriminator": 1e-3, "ema_kimg": 5.0}
OBJECTIVES = ("minimax", "nonsaturating", "leastsquares", "wasserstein", "hinge")
RATES = {"began": {**ADVERSARIAL, "beta1": 0.5}, "relativistic": {**ADVERSARIAL, "penalties": {"r1": 0.1, "r2": 0.1}}}


def centres() -> Tensor:
    """The eight modes [8, 2]."""
    turns = torch.arange(8) * math.pi / 4
    return RADIUS * torch.stack([turns.cos(), turns.sin()], 1)


def ring(number: int, seed: int) -> Tensor:
    """Points as pictures [N, 2, 1, 1]."""
    dice = torch.Generator().manual_seed(seed)
    points = centres()[torch.randint(0, 8, (number,), generator=dice)] + SPREAD * torch.randn(number, 2, generator=dice)
    return points[:, :, None, None]


def covered(points: Tensor) -> tuple[int, float]:
    """Modes near which (within four spreads) at least 2 % of the points [N, 2] lie, and the share of all points that lie so."""
    distance, mode = torch.cdist(points, centres()).min(1)
    near = distance < 4 * SPREAD
    return int((torch.bincount(mode[near], minlength=8) >= 0.02 * len(points)).sum()), float(near.float().mean())


def learn(method: Method, steps: int = STEPS) -> Tensor:
    """1,000 points [N, 2] drawn by the method after so many steps, the rates falling over the second half."""
    torch.manual_seed(0)
    data = ring(4096, seed=7)
    learner = method.learner(Setting(1, 2, len(data), torch.device("cpu"), torch.float32))
    for step in range(steps):
        dice = torch.Generator().manual_seed(step)
        rows = torch.randint(0, len(data), (NUMBER,), generator=dice)
        learner.anneal(min(1.0, 2 * (1 - step / steps)))
        learner.step(Batch(data[rows], rows, dice, NUMBER * step, step / steps))
    with torch.no_grad():
        codes = torch.randn(1000, learner.latent, generator=torch.Generator().manual_seed(1))
        return learner.published()["generator"].eval()(codes).flatten(1)


def test_the_data_themselves_cover_all() -> None:
    """8 of 8 and nearly all points near one (e⁻⁸ of a Gaussian lies beyond four spreads); a collapsed generator covers one."""
    modes, near = covered(ring(4000, seed=1).flatten(1))
    assert modes == 8
    assert near > 0.995
    assert covered(ring(100, seed=2).flatten(1)[:1].expand(1000, 2))[0] == 1


def methods() -> dict[str, Method]:
    """Every method, for points of two numbers."""
    knobs = {name: ADVERSARIAL for name in OBJECTIVES} | RATES
    return dict(every_method(Mlp(latent=8, width=128), **knobs))


@pytest.mark.slow
def test_relativistic_with_both_penalties_covers_eight_of_eight() -> None:
    """As published for R3GAN (Huang et al. 2024, section 3)."""
    modes, near = covered(learn(methods()["relativistic"]))
    assert modes == 8
    assert near > 0.5


@pytest.mark.drill
def test_every_objective_finds_most_modes_soon(capsys: pytest.CaptureFixture[str]) -> None:
    """After a third of the steps; a table of all methods is part of the output."""
    found = {name: covered(learn(method, SHORT)) for name, method in methods().items()}
    with capsys.disabled():
        print(f"\nmodes of a ring of eight Gaussians after {SHORT} steps\nmethod          modes   points near one")
        for name, (modes, near) in sorted(found.items(), key=lambda item: (-item[1][0], -item[1][1])):
            print(f"{name:<16}{modes} of 8  {near:.2f}")
    assert min(found[name][0] for name in (*OBJECTIVES, "relativistic")) >= 5
