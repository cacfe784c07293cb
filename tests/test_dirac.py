"""The Dirac-GAN (Mescheder, Geiger & Nowozin 2018, section 2): the smallest game, in which it is known who converges.

The data are one number, 0. The generator draws one number, θ. The discriminator is D(x) = ψx, to which the score is added
at which the objective is undecided. The only equilibrium is ψ = θ = 0. All gradients are those of our objectives and
penalties, by plain gradient descent; many games are played side by side, from starts all around the equilibrium.
"""

import math
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from ganlib.objectives import OBJECTIVES
from ganlib.objectives.base import Objective
from ganlib.objectives.penalties import PENALTIES

STEP = 0.2
STEPS = 240
GAMMA = 0.4  # the decay that the zero-centred penalties give: a weight of γ/2 before ‖∇D‖²

#: How hard each pulls at the equilibrium (f'(0) in the paper). BEGAN, whose D is no D(x) = ψx, plays another game.
PULL = {"minimax": 1 / 2, "nonsaturating": 1 / 2, "leastsquares": 1 / 2, "wasserstein": 1.0, "hinge": 1.0, "relativistic": 1 / 2}
UNDECIDED = {name: 1 / 2 if name == "leastsquares" else 0.0 for name in PULL}

#: Zero-centred penalties and their sum, each with a decay of γ in all.
ZERO_CENTRED = [{"r1": GAMMA / 2}, {"r2": GAMMA / 2}, {"r1": GAMMA / 4, "r2": GAMMA / 4}]

Penalties = Mapping[str, float]


class Dirac:
    """Games with one objective side by side: each has a ψ and a θ, and none sees the others."""

    def __init__(self, name: str, penalties: Penalties, simultaneous: bool = False, clip: float = math.inf) -> None:
        self.objective: Objective = OBJECTIVES[name]()
        self.undecided, self.penalties, self.simultaneous, self.clip = UNDECIDED[name], penalties, simultaneous, clip
        self.dice = torch.Generator().manual_seed(0)

    def step(self, psi: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
        """One step of D, then one of G, which knows of it unless they are simultaneous; psi and theta are [N]."""
        new = (psi - STEP * self._slope_of_d(psi, theta)).clamp(-self.clip, self.clip)
        return new, theta - STEP * self._slope_of_g(psi if self.simultaneous else new, theta)

    def play(self, psi: Tensor, theta: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """The ψ and the θ before the first and after every step, [steps + 1, N] each."""
        way = [(psi, theta)]
        for _ in range(steps):
            way.append(self.step(*way[-1]))
        return torch.stack([psi for psi, _ in way]), torch.stack([theta for _, theta in way])

    def _slope_of_d(self, psi: Tensor, theta: Tensor) -> Tensor:
        psi = psi.detach().requires_grad_(True)
        real, fake = torch.zeros_like(theta).reshape(-1, 1, 1, 1), theta.reshape(-1, 1, 1, 1)
        loss = self.objective.discriminator(self._judge(psi, real), self._judge(psi, fake))
        for name, weight in self.penalties.items():
            loss = loss + weight * PENALTIES[name](lambda x: self._judge(psi, x), real, fake, self.dice)
        return torch.autograd.grad(len(psi) * loss, psi)[0]

    def _slope_of_g(self, psi: Tensor, theta: Tensor) -> Tensor:
        theta = theta.detach().requires_grad_(True)
        real, fake = torch.zeros_like(theta).reshape(-1, 1, 1, 1), theta.reshape(-1, 1, 1, 1)
        loss = self.objective.generator(self._judge(psi, real), self._judge(psi, fake))
        return torch.autograd.grad(len(psi) * loss, theta)[0]

    def _judge(self, psi: Tensor, pictures: Tensor) -> Tensor:
        return self.undecided + psi * pictures.flatten()


def around(distance: float, starts: int = 4) -> tuple[Tensor, Tensor]:
    """Starts at this distance from the equilibrium, in all directions."""
    angles = 2 * math.pi * torch.arange(starts, dtype=torch.float64) / starts + 0.3
    return distance * angles.cos(), distance * angles.sin()


def distance(way: tuple[Tensor, Tensor]) -> Tensor:
    """From the equilibrium, [steps, N]."""
    return torch.hypot(*way)


def turns(way: tuple[Tensor, Tensor]) -> Tensor:
    """How often each game went round the equilibrium, [N]; no step may go more than half round."""
    psi, theta = way
    across = psi[:-1] * theta[1:] - theta[:-1] * psi[1:]
    along = psi[:-1] * psi[1:] + theta[:-1] * theta[1:]
    return torch.atan2(across, along).sum(0) / (2 * math.pi)


@pytest.mark.parametrize("penalties", [{}, *ZERO_CENTRED], ids=str)
@pytest.mark.parametrize("name", PULL)
def test_near_the_equilibrium_steps_grow_keep_or_shrink_the_distance_as_published(name: str, penalties: Penalties) -> None:
    """The eigenvalues of one step are a complex pair with the modulus that theory gives.

    Without a penalty √(1 + h² f'(0)²) for simultaneous steps, whatever the rate h, and 1 for alternating ones (lemmas 2.3
    and 2.4). With a decay of γ the determinants, which are the squares of these, become 1 - hγ + h² f'(0)² and 1 - hγ.
    Central differences over 1e-4 err by about 1e-8.
    """
    pull, gamma, small = PULL[name], GAMMA if penalties else 0.0, 1e-4
    for simultaneous, determinant in ((True, 1 - STEP * gamma + (STEP * pull) ** 2), (False, 1 - STEP * gamma)):
        nudges = small * torch.tensor([[1, -1, 0, 0], [0, 0, 1, -1]], dtype=torch.float64)
        ends = torch.stack(Dirac(name, penalties, simultaneous).step(*nudges))
        jacobian = (ends[:, [0, 2]] - ends[:, [1, 3]]) / (2 * small)
        eigenvalues = torch.linalg.eigvals(jacobian)
        assert (eigenvalues.imag.abs() > 0.05).all()
        assert eigenvalues.abs().tolist() == pytest.approx(2 * [math.sqrt(determinant)], abs=1e-7)


@pytest.mark.parametrize("name", PULL)
def test_simultaneous_steps_without_a_penalty_lead_away(name: str) -> None:
    """Step by step, from all sides, by the factor √(1 + h² f'(0)²) each (lemma 2.3), to 1 % so near."""
    away = distance(Dirac(name, {}, simultaneous=True).play(*around(0.03), steps=60))
    assert (away[1:] > away[:-1]).all()
    expected = 0.03 * (1 + (STEP * PULL[name]) ** 2) ** 30
    assert away[-1].tolist() == pytest.approx(4 * [expected], rel=0.01)


@pytest.mark.parametrize("name", ["minimax", "wasserstein", "hinge"])
def test_alternating_steps_without_a_penalty_circle_for_ever(name: str) -> None:
    """Where G's loss is D's turned round, the distance neither falls nor grows, turn after turn.

    With a constant pull of 1 alternating steps keep ψ² + θ² - hψθ exactly, so that the distance stays within the axes of
    that ellipse, 1 ± h/2 under the root; with less pull it is rounder.
    """
    way = Dirac(name, {}).play(*around(1.0), STEPS)
    narrow = math.sqrt((1 - STEP / 2) / (1 + STEP / 2))
    assert narrow <= distance(way).min()
    assert distance(way).max() <= 1 / narrow
    assert turns(way).tolist() == pytest.approx(4 * [STEPS * STEP * PULL[name] / (2 * math.pi)], rel=0.05)


@pytest.mark.parametrize(("name", "brake"), [("nonsaturating", 1 / 8), ("leastsquares", 1 / 2), ("relativistic", 1 / 8)])
def test_where_g_has_a_loss_of_its_own_the_circles_narrow_but_too_slowly(name: str, brake: float) -> None:
    """They circle as the others do; what draws them in fades with the fourth power of the distance r, and is no match for R1.

    d(r²)/dt = 2ψθ(σ(-ψθ) - σ(ψθ)) ≈ -(ψθ)², for least squares -4(ψθ)²; over a turn the mean of (ψθ)² is r⁴/8. From 1 on
    r = 1/√(1 + brake · t) then, slower than any exponential. Of the 10 % that are allowed the ellipse takes 5.
    """
    way = Dirac(name, {}).play(*around(1.0), STEPS)
    expected = 1 / math.sqrt(1 + brake * STEPS * STEP)
    assert distance(way)[-1].tolist() == pytest.approx(4 * [expected], rel=0.1)
    assert turns(way).tolist() == pytest.approx(4 * [STEPS * STEP * PULL[name] / (2 * math.pi)], rel=0.05)


REGULARISED = [(name, ZERO_CENTRED[0]) for name in PULL] + [("relativistic", penalties) for penalties in ZERO_CENTRED[1:]]


@pytest.mark.parametrize(("name", "penalties"), REGULARISED, ids=str)
def test_with_a_zero_centred_penalty_they_converge(name: str, penalties: Penalties) -> None:
    """R1, R2 and their sum: the distance falls by √(1 - hγ) a step (section 3), to 5e-5 in as many steps as the plain ones took.

    A factor of 4 is left to the ellipse, and to the beginning, where the games are not yet linear.
    """
    end = distance(Dirac(name, penalties).play(*around(1.0), STEPS))[-1]
    expected = (1 - STEP * GAMMA) ** (STEPS / 2)
    assert (end < 4 * expected).all()
    assert (end > expected / 4).all()


@pytest.mark.parametrize(("name", "penalty"), [("wasserstein", "gradient"), ("nonsaturating", "dragan")])
@pytest.mark.parametrize("weight", [0.25, 1.0])
def test_with_a_penalty_that_asks_for_unit_slopes_they_do_not(name: str, penalty: str, weight: float) -> None:
    """WGAN-GP and DRAGAN (section 3): D's slope is pushed away from 0, where it would have to end, and takes G along.

    From 0.1 beside the equilibrium they are led away and never come back as near as 0.9. With the small weight they circle; with
    the large one they come to rest beside the data, where the push to unit slope holds G's pull: at θ = 2 · weight / f'(0).
    """
    away = distance(Dirac(name, {penalty: weight}).play(*around(0.1), STEPS))
    assert away[STEPS // 2 :].min() > 0.9


def test_clipping_narrows_the_circle_to_its_bound_and_no_further() -> None:
    """Clipped Wasserstein games (section 3) end on a circle as wide as the clip, as clipped to 0.1, but for the ellipse's 5 %."""
    away = distance(Dirac("wasserstein", {}, clip=0.1).play(*around(0.5), STEPS))
    assert away[-100:].min() > 0.1 * 0.9
    assert away[-100:].max() < 0.1 * 1.1
