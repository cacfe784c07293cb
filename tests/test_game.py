"""The alternating game: who learns in which event, and what is published."""

import pytest
import torch

from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.training.average import Average

TINY = Dcgan(width=4, latent=8)
SETTING = Setting(16, 3, 50, torch.device("cpu"), torch.float32)


def batch(real: torch.Tensor, images: int = 0, done: float = 0.0, seed: int = 1) -> Batch:
    """A step's input with fresh dice."""
    return Batch(real, torch.arange(len(real)), torch.Generator().manual_seed(seed), images, done)


def weights(module: torch.nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def test_in_event_one_only_the_discriminator_learns() -> None:
    """G is held fixed to the bit, D moves."""
    game = Gan(network=TINY).learner(SETTING)
    g, d = weights(game.g), weights(game.d)
    game.event_one(batch(torch.randn(8, 3, 16, 16)), torch.randn(8, 8), penalise=True)
    assert torch.equal(weights(game.g), g)
    assert not torch.equal(weights(game.d), d)


def test_in_event_two_only_the_generator_learns() -> None:
    """D is held fixed to the bit and can learn again afterwards, G moves."""
    game = Gan(network=TINY).learner(SETTING)
    g, d = weights(game.g), weights(game.d)
    game.event_two(batch(torch.randn(8, 3, 16, 16)), torch.randn(8, 8))
    assert torch.equal(weights(game.d), d)
    assert not torch.equal(weights(game.g), g)
    assert all(parameter.requires_grad for parameter in game.d.parameters())


def test_each_event_does_what_it_is_for() -> None:
    """Repeated alone, event one widens the gap between the scores of real and generated; event two then closes it."""
    torch.manual_seed(0)
    game = Gan(network=TINY, penalties={}, lr_generator=2e-3, lr_discriminator=2e-3).learner(SETTING)
    real, codes = torch.rand(16, 3, 16, 16), torch.randn(16, 8)
    first = game.event_one(batch(real), codes, penalise=False)
    for _ in range(30):
        last = game.event_one(batch(real), codes, penalise=False)
    gap = last["score_real"] - last["score_fake"]
    assert gap > first["score_real"] - first["score_fake"] + 0.5
    before = game.event_two(batch(real), codes)["loss_g"]
    for _ in range(30):
        after = game.event_two(batch(real), codes)["loss_g"]
    assert after < before - 0.2


def test_a_lazy_penalty_is_taken_every_so_many_steps() -> None:
    """With penalty_every 2 the second step is the one that a game without penalties would take."""
    steps = []
    for penalties in ({"r1": 10.0}, {}):
        torch.manual_seed(0)
        game = Gan(network=TINY, penalties=penalties, penalty_every=2).learner(SETTING)
        before = weights(game.d)
        game.step(batch(torch.ones(4, 3, 16, 16), images=4))
        steps.append(weights(game.d) - before)
        game.step(batch(torch.ones(4, 3, 16, 16), images=8))
        steps.append(weights(game.d))
    assert torch.equal(steps[0], steps[2])
    assert not torch.equal(steps[1], steps[3])


def test_the_average_halves_its_distance_in_its_half_life() -> None:
    """From 0 towards 1: after one half-life in batches of 10 pictures the average stands at 1/2, after two at 3/4."""
    module = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(module.weight)
    average = Average(module, half_life_kimg=0.1)
    torch.nn.init.ones_(module.weight)
    for expected in (0.5, 0.75):
        for _ in range(10):
            average.update(module, batch=10, images=1_000_000)
        assert average.module.weight.item() == pytest.approx(expected, abs=1e-6)


def test_an_early_average_does_not_cling_to_random_weights() -> None:
    """Before anything was shown the average is the network itself."""
    module = torch.nn.Linear(2, 2)
    average = Average(module, half_life_kimg=10)
    torch.nn.init.ones_(module.weight)
    average.update(module, batch=10, images=0)
    assert torch.equal(average.module.weight, module.weight)


def test_what_is_published_is_the_average() -> None:
    """`published` holds the averaged generator, which training does not switch to training mode."""
    game = Gan(network=TINY, ema_kimg=5).learner(SETTING)
    game.step(batch(torch.randn(8, 3, 16, 16), images=1000))
    assert game.published()["generator"] is game.average.module
    assert not game.published()["generator"].training
