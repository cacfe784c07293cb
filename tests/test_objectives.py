"""The objectives: by hand at fixed scores, at the optimum that theory gives, and in pairs with what they go with."""

import math
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn

from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Gan
from ganlib.objectives import OBJECTIVES
from ganlib.objectives.base import Objective
from ganlib.objectives.began import Began
from ganlib.objectives.relativistic import Relativistic
from ganlib.objectives.wasserstein import Wasserstein

log = math.log
L, S = log(3), log(7)  # σ(L) = 3/4, σ(S) = 7/8


def scores(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


@dataclass(frozen=True)
class Linear:
    """The smallest network that can be played with: D(x) = w·x on 2 × 2 grey pictures."""

    sizes = (2,)
    name: str = "linear"
    latent: int = 2
    batch_normed: bool = False
    bounded: bool = False

    def generator(self, size: int, channels: int) -> nn.Module:
        return nn.Sequential(nn.Linear(self.latent, 4), nn.Tanh(), nn.Unflatten(1, (1, 2, 2)))

    def discriminator(self, size: int, channels: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False), nn.Flatten(0))

    def encoder(self, size: int, channels: int, outputs: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(4, outputs))


LINEAR = Linear()
SETTING = Setting(2, 1, 50, torch.device("cpu"), torch.float32)


def batch(seed: int = 0) -> Batch:
    """Eight pictures with fresh dice."""
    dice = torch.Generator().manual_seed(seed)
    return Batch(torch.rand(8, 1, 2, 2, generator=dice), torch.arange(8), dice)


@dataclass(frozen=True)
class ByHand:
    """Scores of two real and of two generated pictures, and the losses of D and of G that follow, worked out on paper."""

    d: float
    g: float
    real: tuple[float, float] = (L, 0)
    fake: tuple[float, float] = (-L, S)


BY_HAND = {
    "minimax": ByHand(d=(log(4 / 3) + log(2)) / 2 + (log(4 / 3) + log(8)) / 2, g=-(log(4 / 3) + log(8)) / 2),
    "nonsaturating": ByHand(d=(log(4 / 3) + log(2)) / 2 + (log(4 / 3) + log(8)) / 2, g=(log(4) + log(8 / 7)) / 2),
    "leastsquares": ByHand(d=((L - 1) ** 2 + 1) / 4 + (L**2 + S**2) / 4, g=((L + 1) ** 2 + (S - 1) ** 2) / 4),
    "wasserstein": ByHand(d=(S - L) / 2 - L / 2, g=(L - S) / 2),
    "hinge": ByHand(d=(0 + 1) / 2 + (0 + 1 + S) / 2, g=(L - S) / 2),
    "began": ByHand(real=(0.1, 0.3), fake=(0.4, 0.8), d=0.2 - 0.6, g=0.6),
    "relativistic": ByHand(d=(log(10 / 9) + log(8)) / 2, g=(log(10) + log(8 / 7)) / 2),
}


@dataclass(frozen=True)
class Undecided:
    """The one score that D gives where it cannot tell (None: any will do), and the losses there."""

    score: float | None
    d: float
    g: float | None


UNDECIDED = {
    "minimax": Undecided(0, 2 * log(2), -log(2)),
    "nonsaturating": Undecided(0, 2 * log(2), log(2)),
    "leastsquares": Undecided(1 / 2, 1 / 4, 1 / 8),
    "wasserstein": Undecided(None, 0, None),
    "hinge": Undecided(0, 2, 0),
    "began": Undecided(None, 0, None),
    "relativistic": Undecided(None, log(2), log(2)),
}


def made(name: str) -> Objective:
    objective: Objective = OBJECTIVES[name]()
    return objective


def test_every_objective_is_held_by_these_tests() -> None:
    """A new objective without its values here is noticed; the names in the registry are those that they bear."""
    assert set(BY_HAND) == set(UNDECIDED) == set(OBJECTIVES)
    assert [made(name).name for name in OBJECTIVES] == list(OBJECTIVES)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_losses_at_fixed_scores_are_those_computed_by_hand(name: str) -> None:
    """Means over two pictures of each kind; float64 leaves a few units of 1e-16."""
    hand = BY_HAND[name]
    real, fake = scores(*hand.real), scores(*hand.fake)
    assert made(name).discriminator(real, fake).item() == pytest.approx(hand.d, abs=1e-14)
    assert made(name).generator(real, fake).item() == pytest.approx(hand.g, abs=1e-14)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_where_nothing_can_be_told_apart_the_losses_are_those_of_theory(name: str) -> None:
    """At equal scores: minimax and non-saturating 2 log 2, least squares 1/4, hinge 2, Wasserstein 0, relativistic log 2."""
    equal = UNDECIDED[name]
    for score in (0.3, 0.8) if equal.score is None else (equal.score,):
        same = torch.full((5,), score, dtype=torch.float64)
        assert made(name).discriminator(same, same).item() == pytest.approx(equal.d, abs=1e-15)
        if equal.g is not None:
            assert made(name).generator(same, same).item() == pytest.approx(equal.g, abs=1e-15)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_scores_do_better_where_nothing_can_be_told_apart(name: str) -> None:
    """Whatever D answers, if it answers the same to real and generated pictures it loses at least what theory says."""
    dice = torch.Generator().manual_seed(0)
    for spread in (0.1, 1.0, 10.0):
        same = spread * torch.randn(50, generator=dice, dtype=torch.float64).abs()
        other_order = same[torch.randperm(50, generator=dice)]
        assert made(name).discriminator(same, other_order).item() >= UNDECIDED[name].d - 1e-14


@pytest.mark.parametrize("name", ["minimax", "nonsaturating", "leastsquares", "hinge"])
def test_the_best_discriminator_measures_the_divergence_that_theory_names(name: str) -> None:
    """Two pictures, drawn by the data with p = (.8, .2), by G with q = (.3, .7): the loss of D's best answer is known.

    Cross-entropy: 2 log 2 - 2 JS(p, q) at log p/q (Goodfellow et al. 2014, theorem 1). Least squares: half of the sum of
    pq / (p + q) at p / (p + q) (Mao et al. 2017, section 3.2). Hinge: twice the sum of min(p, q) at sign(p - q) (Lim & Ye 2017).
    The losses are convex in the scores, so that where no small change is better, none is.
    """
    p, q = scores(0.8, 0.2), scores(0.3, 0.7)
    middle = (p + q) / 2
    jensen_shannon = ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum()) / 2
    cross_entropy = ((p / q).log(), 2 * log(2) - 2 * jensen_shannon)
    best, least = {
        "minimax": cross_entropy,
        "nonsaturating": cross_entropy,
        "leastsquares": (p / (p + q), (p * q / (p + q)).sum() / 2),
        "hinge": ((p - q).sign(), 2 * torch.minimum(p, q).sum()),
    }[name]

    def loss(answers: Tensor) -> float:
        real = answers.repeat_interleave(torch.tensor([8, 2]))
        fake = answers.repeat_interleave(torch.tensor([3, 7]))
        return made(name).discriminator(real, fake).item()

    assert loss(best) == pytest.approx(least.item(), abs=1e-14)
    for change in (scores(1e-3, 0), scores(-1e-3, 0), scores(0, 1e-3), scores(0, -1e-3)):
        assert loss(best + change) > loss(best)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_two_sides_pull_scores_in_opposite_ways(name: str) -> None:
    """D pulls real scores towards "real" and generated ones away, G pulls generated ones towards it."""
    objective = made(name)
    upwards = -1 if objective.reconstructs else 1  # an error is the more real, the lower it is
    real, fake = (scores(0.3, 0.4).requires_grad_(True) for _ in range(2))
    to_real, to_fake = torch.autograd.grad(objective.discriminator(real, fake), (real, fake))
    assert (upwards * to_real < 0).all()
    assert (upwards * to_fake > 0).all()
    (to_fake,) = torch.autograd.grad(objective.generator(real.detach(), fake), fake)
    assert (upwards * to_fake < 0).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_and_their_gradients_stay_finite_at_huge_scores(name: str) -> None:
    """log σ written out would overflow at 1e4 in float32."""
    for sign in (-1, 1):
        real = torch.tensor([sign * 1e4, 1e4]).requires_grad_(True)
        fake = torch.tensor([-sign * 1e4, 1e4]).requires_grad_(True)
        for loss in (made(name).discriminator(real, fake), made(name).generator(real, fake)):
            (gradient,) = torch.autograd.grad(loss, fake)
            assert torch.isfinite(loss)
            assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_only_a_relative_generator_looks_at_real_scores(name: str) -> None:
    """The game need not score real pictures for the others."""
    fake = scores(0.1, 0.7)
    alone = made(name).generator(fake, fake)
    beside = made(name).generator(scores(0.9, 0.2), fake)
    assert torch.equal(alone, beside) != made(name).relative


@pytest.mark.parametrize("name", sorted(set(OBJECTIVES) - {"began"}))
def test_without_began_no_balance_turns(name: str) -> None:
    """It stays what it was, and D's loss does not depend on it."""
    real, fake, balance = scores(0.1, 0.2), scores(0.5, 0.9), scores(0.4)
    assert torch.equal(made(name).next_balance(real, fake, balance), balance)
    assert torch.equal(made(name).balanced(real, fake, balance), made(name).discriminator(real, fake))


def test_the_generator_still_learns_from_a_discriminator_that_is_sure_unless_the_game_saturates() -> None:
    """Where D(fake) is -20 the minimax generator gets a gradient of σ(-20) = 2e-9, the non-saturating one of nearly 1."""
    fake = torch.tensor([-20.0], dtype=torch.float64, requires_grad=True)
    (saturated,) = torch.autograd.grad(made("minimax").generator(fake, fake), fake)
    (lively,) = torch.autograd.grad(made("nonsaturating").generator(fake, fake), fake)
    assert saturated.item() == pytest.approx(-1 / (1 + math.exp(20)), rel=1e-6)
    assert lively.item() == pytest.approx(-1, abs=1e-8)


def test_the_hinge_leaves_alone_what_lies_beyond_its_margin() -> None:
    """Real scores above 1 and generated ones below -1 cost D nothing and teach it nothing."""
    real, fake = scores(1.5, 7).requires_grad_(True), scores(-1.5, -7).requires_grad_(True)
    loss = made("hinge").discriminator(real, fake)
    loss.backward()
    assert loss.item() == 0
    assert real.grad is not None
    assert fake.grad is not None
    assert not real.grad.any()
    assert not fake.grad.any()


class TestRelativistic:
    def test_what_is_added_to_all_scores_counts_for_nothing(self) -> None:
        """Only differences enter."""
        real, fake, game = scores(0.2, 1.5), scores(-0.4, 0.3), Relativistic()
        assert game.discriminator(real + 3, fake + 3).item() == pytest.approx(game.discriminator(real, fake).item(), abs=1e-14)
        assert game.generator(real + 3, fake + 3).item() == pytest.approx(game.generator(real, fake).item(), abs=1e-14)

    def test_pictures_are_paired_one_to_one(self) -> None:
        """Other pairs, another loss."""
        real, fake, game = scores(0.2, 1.5), scores(-0.4, 0.3), Relativistic()
        assert game.discriminator(real, fake).item() != game.discriminator(real, fake.flip(0)).item()

    @pytest.mark.parametrize("count", [1, 2])
    def test_unequal_numbers_of_pictures_cannot_be_paired(self, count: int) -> None:
        """Also one score against three, which torch would quietly pair with each of them."""
        for loss in (Relativistic().discriminator, Relativistic().generator):
            with pytest.raises(ValueError, match=rf"as many real scores as generated ones, got \(3,\) and \({count},\)"):
                loss(torch.zeros(3), torch.zeros(count))


class TestBegan:
    def test_at_first_the_discriminator_is_an_auto_encoder_of_real_pictures_alone(self) -> None:
        """With k = 0 the generated ones count for nothing, with k = 1/2 for half, with k = 1 in full."""
        real, fake = scores(0.1, 0.3), scores(0.4, 0.8)
        found = [Began().balanced(real, fake, scores(k)[0]).item() for k in (0, 0.5, 1)]
        assert found == pytest.approx([0.2, 0.2 - 0.3, 0.2 - 0.6], abs=1e-15)
        assert found[-1] == Began().discriminator(real, fake).item()

    def test_the_balance_moves_by_its_rate(self) -> None:
        """k + λ (γ L(x) - L(G(z))) = 0.5 + 0.1 (0.6 · 0.2 - 0.3)."""
        k = Began(gamma=0.6, rate=0.1).next_balance(scores(0.1, 0.3), scores(0.2, 0.4), scores(0.5)[0])
        assert k.item() == pytest.approx(0.5 + 0.1 * (0.12 - 0.3), abs=1e-15)

    @pytest.mark.parametrize("gamma", [0.25, 0.75, 1.0])
    def test_the_balance_rests_where_the_errors_stand_in_the_ratio_gamma(self, gamma: float) -> None:
        """At E L(G(z)) = γ E L(x) it stays; G doing better it rises, doing worse it falls."""
        real, k = scores(0.2, 0.6), scores(0.5)[0]
        at = [Began(gamma=gamma).next_balance(real, scores(0.4 * gamma) + by, k).item() - 0.5 for by in (0, -0.1, 0.1)]
        assert at == pytest.approx([0, 1e-4, -1e-4], abs=1e-15)

    def test_the_balance_is_held_between_none_and_full(self) -> None:
        """However far the errors drive it."""
        nothing, much = scores(0), scores(1e6)
        assert Began().next_balance(much, nothing, scores(0.5)[0]) == 1
        assert Began().next_balance(nothing, much, scores(0.5)[0]) == 0

    def test_the_game_keeps_its_balance(self) -> None:
        """k begins at 0, follows the errors of every step of D, and is part of what a run resumes from."""
        knobs = Gan(network=LINEAR, objective=Began(rate=0.05), discriminator="reconstruction", penalties={})
        torch.manual_seed(0)
        game, k = knobs.learner(SETTING), torch.zeros(())
        for seed in range(3):
            step = batch(seed)
            far = replace(step, real=step.real + 4)  # beyond what the decoder can draw: the real error is large, and k must rise
            seen = game.event_one(far, torch.randn(8, 2), penalise=False)
            k = (k + 0.05 * (0.75 * seen["score_real"] - seen["score_fake"])).clamp(0, 1)
            torch.testing.assert_close(seen["balance"], k, rtol=0, atol=1e-6)
        assert 0.1 < k < 1
        torch.testing.assert_close(game.parts()["dials"].state_dict()["balance"], k, rtol=0, atol=1e-6)


class TestSums:
    """Penalties add up in the game, each by its weight."""

    def test_r1_and_r2_together_are_their_weighted_sum(self) -> None:
        """Of D(x) = w·x under Wasserstein's loss the gradient is E G(z) - E x + 2 (a + b) w, taken every step."""
        torch.manual_seed(0)
        knobs = Gan(network=LINEAR, objective=Wasserstein(), penalties={"r1": 0.3, "r2": 0.5}, penalty_every=1)
        game, codes, step = knobs.learner(SETTING), torch.randn(8, 2), batch()
        (weights,) = game.d.parameters()
        before = weights.detach().clone()
        with torch.no_grad():
            apart = game.g(codes).flatten(1).mean(0) - step.real.flatten(1).mean(0)
        game.event_one(step, codes, penalise=True)
        torch.testing.assert_close(weights.grad, (apart + 2 * (0.3 + 0.5) * before[0])[None], rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("pair", [("r1", "r2"), ("gradient", "r1"), ("dragan", "r2")])
    def test_what_two_teach_is_what_each_teaches_alone(self, pair: tuple[str, str]) -> None:
        """The gradients of D add up; those of a linear D do not depend on where the penalty looks."""
        both = {pair[0]: 0.3, pair[1]: 2.0}
        none, one, other, sum_ = ({}, {pair[0]: 0.3}, {pair[1]: 2.0}, both)
        found = [self.taught(penalties) for penalties in (none, one, other, sum_)]
        torch.testing.assert_close(found[3] - found[0], (found[1] - found[0]) + (found[2] - found[0]), rtol=1e-5, atol=1e-6)
        assert (found[1] - found[0]).norm() > 1e-3
        assert (found[2] - found[0]).norm() > 1e-3

    @staticmethod
    def taught(penalties: dict[str, float]) -> Tensor:
        """D's gradient in the first step of a game with these penalties."""
        torch.manual_seed(0)
        game = Gan(network=LINEAR, penalties=penalties, penalty_every=1).learner(SETTING)
        game.event_one(batch(), torch.randn(8, 2), penalise=True)
        (weights,) = game.d.parameters()
        assert weights.grad is not None
        return weights.grad.clone()


class TestChoosing:
    """As `params.yaml` chooses."""

    def test_a_name_alone_is_enough(self) -> None:
        """It stands for the objective with its defaults."""
        for name in OBJECTIVES:
            answers = "reconstruction" if name == "began" else "scores"
            found = TypeAdapter(Gan).validate_python({"objective": name, "discriminator": answers})
            assert found.objective == made(name)

    def test_an_objective_brings_its_own_knobs(self) -> None:
        """BEGAN's γ and rate."""
        chosen = {"name": "began", "gamma": 0.5, "rate": 0.01}
        found = TypeAdapter(Gan).validate_python({"objective": chosen, "discriminator": "reconstruction"})
        assert found.objective == Began(gamma=0.5, rate=0.01)

    @pytest.mark.parametrize("knobs", [{"gamma": 1.5}, {"gamma": -0.1}, {"rate": 0}])
    def test_knobs_out_of_range_are_refused(self, knobs: dict[str, float]) -> None:
        """γ is a share, the rate is above 0."""
        with pytest.raises(ValidationError, match=next(iter(knobs))):
            TypeAdapter(Gan).validate_python({"objective": {"name": "began", **knobs}, "discriminator": "reconstruction"})

    @pytest.mark.parametrize(
        ("knobs", "nearest"),
        [
            ({"objective": "wassertein"}, "must be one of wasserstein, "),
            ({"penalties": {"gradiant": 10}}, "must be one of gradient, "),
        ],
    )
    def test_unknown_names_are_answered_with_the_nearest(self, knobs: dict[str, Any], nearest: str) -> None:
        """And with all the others after it."""
        with pytest.raises(ValidationError, match=nearest):
            TypeAdapter(Gan).validate_python(knobs)


class TestRefusals:
    """A senseless pair is refused with the reason, before anything is built."""

    def test_began_without_an_auto_encoder(self) -> None:
        """Scores of a classifier are no reconstruction errors."""
        with pytest.raises(ValueError, match=r"must have `discriminator: reconstruction` with the objective began"):
            Gan(network=LINEAR, objective=Began())

    @pytest.mark.parametrize("name", sorted(set(OBJECTIVES) - {"began"}))
    def test_an_auto_encoder_without_began(self, name: str) -> None:
        """To every other objective a high score means real, and an error means the opposite."""
        with pytest.raises(ValueError, match=rf"must have `discriminator: scores` with the objective {name}"):
            Gan(network=LINEAR, objective=made(name), discriminator="reconstruction", clip=0.01)

    @pytest.mark.parametrize("penalties", [{}, {"gradient": 0.0}], ids=["none", "of no weight"])
    def test_wasserstein_without_a_bound(self, penalties: dict[str, float]) -> None:
        """Its loss falls for ever as D grows steeper."""
        with pytest.raises(ValueError, match=r"must bound the slope of D with the objective wasserstein"):
            Gan(network=LINEAR, objective=Wasserstein(), penalties=penalties)

    @pytest.mark.parametrize("penalty", ["gradient", "r1", "r2"])
    def test_a_penalty_at_single_pictures_on_a_batch_normed_discriminator(self, penalty: str) -> None:
        """Batch norm makes D a function of the batch."""
        with pytest.raises(ValueError, match=rf"must not have the penalty {penalty} .*batch norm"):
            Gan(network=Linear(batch_normed=True), penalties={penalty: 1.0})

    def test_it_reaches_the_reader_of_parameters(self) -> None:
        """pydantic passes the reason on."""
        with pytest.raises(ValidationError, match=r"must have `discriminator: reconstruction`"):
            TypeAdapter(Gan).validate_python({"objective": "began"})

    @pytest.mark.parametrize("bound", [{"clip": 0.01}, {"penalties": {"gradient": 10.0}}, {"network": Linear(bounded=True)}])
    def test_but_not_wasserstein_with_any_bound(self, bound: dict[str, Any]) -> None:
        """Clipped weights, a penalty or spectral norm."""
        assert Gan(**{"network": LINEAR, "objective": Wasserstein(), "penalties": {}, **bound}).objective.bounded

    @pytest.mark.parametrize("penalties", [{}, {"dragan": 10.0}, {"r1": 0.0}])
    def test_but_not_what_a_batch_normed_discriminator_can_have(self, penalties: dict[str, float]) -> None:
        """No penalty, DRAGAN's as its authors had it, or one of no weight."""
        assert Gan(network=Linear(batch_normed=True), penalties=penalties).penalties == penalties

    @pytest.mark.parametrize("name", sorted(set(OBJECTIVES) - {"began"}))
    def test_but_no_other_pair(self, name: str) -> None:
        """Every objective of scores goes with every penalty and with their sums, and takes a step with finite losses."""
        for penalties in ({"gradient": 10.0}, {"dragan": 10.0}, {"r1": 1.0}, {"r2": 1.0}, {"r1": 1.0, "r2": 1.0}):
            seen = Gan(network=LINEAR, objective=made(name), penalties=penalties).learner(SETTING).step(batch())
            assert all(torch.isfinite(value) for value in seen.values())
