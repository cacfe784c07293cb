"""The alternating game: who learns in which event, and what is published."""

import pytest
import torch

from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.nets.resample import ConvAfterDoubling
from ganlib.nets.resnet import Resnet
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
            average.update(batch=10, images=1_000_000)
        assert average.module.weight.item() == pytest.approx(expected, abs=1e-6)


def test_an_early_average_does_not_cling_to_random_weights() -> None:
    """Before anything was shown the average is the network itself."""
    module = torch.nn.Linear(2, 2)
    average = Average(module, half_life_kimg=10)
    torch.nn.init.ones_(module.weight)
    average.update(batch=10, images=0)
    assert torch.equal(average.module.weight, module.weight)


def test_what_is_published_is_the_average() -> None:
    """`published` holds the averaged generator, which training does not switch to training mode."""
    game = Gan(network=TINY, ema_kimg=5).learner(SETTING)
    game.step(batch(torch.randn(8, 3, 16, 16), images=1000))
    assert game.published()["generator"] is game.average.module
    assert not game.published()["generator"].training


def test_reused_pictures_teach_both_sides() -> None:
    """D's step is that of a game that does not reuse; G's is that of event two with D's codes, and G draws once a step."""
    games, real, calls = [], torch.rand(8, 3, 16, 16), []
    for reuse in (False, True):
        torch.manual_seed(0)
        games.append(Gan(network=TINY, penalties={}, reuse=reuse).learner(SETTING))
    plain, reusing = games
    reusing.g.register_forward_hook(lambda *_: calls.append(1))
    reusing.step(batch(real))
    codes = plain.codes(batch(real))
    plain.event_one(batch(real), codes, penalise=False)
    assert torch.equal(weights(plain.d), weights(reusing.d))
    plain.event_two(batch(real), codes)
    torch.testing.assert_close(weights(plain.g), weights(reusing.g), rtol=1e-5, atol=1e-7)
    assert len(calls) == 1


def test_fast_paths_change_nothing_but_rounding() -> None:
    """Twenty steps of the residual pair, joined and laid out for speed or as written: losses agree to float32's rounding.

    A step's own rounding is 1e-6; twenty of Adam's carry it on, as they do between two orders of the same sums.
    """
    losses = []
    for fast in (True, False):
        torch.manual_seed(0)
        knobs = Gan(network=Resnet(latent=8, width=8, max_width=16), penalties={})
        game = knobs.learner(Setting(16, 3, 50, torch.device("cpu"), torch.float32, fast))
        joined = [layer for layer in game.g.modules() if isinstance(layer, ConvAfterDoubling)]
        assert all(layer.plain != fast for layer in joined)
        real = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
        seen = [game.step(batch(real, images=8 * step, seed=step)) for step in range(20)]
        losses.append([[step["loss_d"].item(), step["loss_g"].item()] for step in seen])
    assert losses[0] != losses[1]
    torch.testing.assert_close(torch.tensor(losses[0]), torch.tensor(losses[1]), rtol=1e-3, atol=1e-3)
