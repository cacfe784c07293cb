"""What holds for every way of learning to generate: resumption to the bit, pictures by seed, a model that is read back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from games import every_method
from learners import begin, resumed, same, squares, take_steps

from ganlib.errors import AtelierError
from ganlib.methods.base import Batch, Learner, Setting
from ganlib.methods.gan import Gan
from ganlib.nets import NETWORKS
from ganlib.nets.base import check_size
from ganlib.nets.dcgan import Dcgan
from ganlib.nets.mlp import Mlp
from ganlib.sampling.draw import draw
from ganlib.sampling.model import load_model, write_model
from ganlib.training import loop
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine
from ganlib.training.history import read, without_clock
from ganlib.training.state import to_tensors

SETTING = Setting(16, 3, 50, torch.device("cpu"), torch.float32)
MACHINE = Machine("cpu", "float32", torch.get_num_threads())
PICTURES = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), dtype=np.uint8)
SMALL = {"energy": {"draw_steps": 3, "chains": 16, "fresh": 0.3}}
METHODS = dict(every_method(Dcgan(width=4, latent=8), **SMALL))
PLAIN = dict(every_method(Mlp(width=32, latent=8), **SMALL))  # whose pictures differ from the first step on

each = pytest.mark.parametrize("name", METHODS)


def learner(name: str, seed: int = 0) -> Learner:
    torch.manual_seed(seed)
    made: Learner = METHODS[name].learner(SETTING)
    return made


class Killed(BaseException):
    """Stands for kill -9: nothing gets to tidy up."""


class Dying:
    """A learner that dies before the step after 56 pictures."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.learner, name)

    def step(self, batch: Batch) -> dict[str, torch.Tensor]:
        if batch.images == 56:
            raise Killed
        return self.learner.step(batch)


@each
def test_a_killed_run_goes_on_to_the_same_bits(name: str, tmp_path: Path) -> None:
    """Every tensor of the state, and the history, equal those of a run that was never stopped."""
    config = TrainConfig(METHODS[name], kimg=0.08, batch=8, decay=0.5, log_kimg=0.016, sample_kimg=0.04, checkpoint_kimg=0.03)
    whole = learner(name)
    loop.train(whole, PICTURES, config, MACHINE, tmp_path / "whole")
    with pytest.raises(Killed):
        loop.train(Dying(learner(name)), PICTURES, config, MACHINE, tmp_path / "killed")
    resumed = learner(name, seed=1)
    loop.train(resumed, PICTURES, config, MACHINE, tmp_path / "killed")
    ours, theirs = to_tensors(resumed.parts()), to_tensors(whole.parts())
    assert ours.keys() == theirs.keys()
    assert [key for key in theirs if not torch.equal(ours[key], theirs[key])] == []
    histories = [without_clock(read(tmp_path / run / "history.jsonl")) for run in ("whole", "killed")]
    assert histories[0] == histories[1]


@each
def test_a_published_model_draws_what_the_learner_drew(name: str, tmp_path: Path) -> None:
    """Written and read back, the generator gives the same pictures for a seed, however many are asked for."""
    torch.manual_seed(0)
    made = PLAIN[name].learner(SETTING)
    dice = torch.Generator().manual_seed(0)
    for images in range(0, 24, 8):
        made.step(Batch(torch.rand(8, 3, 16, 16, generator=dice) * 2 - 1, torch.arange(images, images + 8), dice, images))
    write_model(tmp_path, made.published(), PLAIN[name], {"size": 16, "channels": 3, "latent": made.latent})
    drawn = draw(made.published()["generator"], made.latent, 6, seed=3)
    read_back = load_model(tmp_path)
    assert drawn.shape == (6, 16, 16, 3)
    assert np.array_equal(draw(read_back.generator, read_back.latent, 6, seed=3), drawn)
    assert np.array_equal(draw(read_back.generator, read_back.latent, 2, seed=3, first=4), drawn[4:])
    assert len(np.unique(drawn.reshape(6, -1), axis=0)) == 6


@each
def test_rates_are_annealed(name: str) -> None:
    """At factor 0 a step changes no weight that is learnt by gradient."""
    made = begin(METHODS[name])
    take_steps(made, squares(), 0, 1)
    made.anneal(0.0)
    modules = [part for part in made.parts().values() if isinstance(part, torch.nn.Module)]
    weights = [weight for module in modules for weight in module.parameters()]
    before = [weight.clone() for weight in weights]
    take_steps(made, squares(), 1, 2)
    assert all(torch.equal(old, new) for old, new in zip(before, weights, strict=True))


#: One game with every part that a game can have, and every other method.
DIFFERENT = [name for name in METHODS if name in ("began", "glo", "autoencoder", "vae", "energy")]


@pytest.mark.parametrize(("name", "part"), [(name, part) for name in DIFFERENT for part in begin(METHODS[name]).parts()])
def test_every_part_of_the_state_matters(name: str, part: str) -> None:
    """Put back all but one part and the run ends elsewhere: so a part that was forgotten would be noticed."""
    assert same(*resumed(METHODS[name]))
    assert not same(*resumed(METHODS[name], forgotten=part))


@each
def test_published_pictures_are_pictures_each_for_itself(name: str) -> None:
    """Normal codes give [N, 3, 16, 16] in [-1, 1]; one picture alone is the same as among others."""
    made = begin(METHODS[name])
    take_steps(made, squares(), 0, 10)
    generator, codes = made.published()["generator"], torch.randn(5, made.latent, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        pictures = generator(codes)
        assert torch.allclose(generator(codes[2:3]), pictures[2:3], atol=1e-5)
    assert pictures.shape == (5, 3, 16, 16)
    assert pictures.abs().max() <= 1
    assert not generator.training


def test_a_resolution_that_a_network_cannot_do_is_answered_with_those_it_can() -> None:
    """And with the networks that could."""
    with pytest.raises(AtelierError, match=r"dcgan: expected pictures of 16, 32, 64, 128, 256 pixels, found 28.*infogan, mlp"):
        check_size(Dcgan(), 28, NETWORKS.values())


@pytest.mark.parametrize("name", [*METHODS, "in-bf16"])
def test_nothing_is_read_before_it_is_written(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a run may leave new tensors as they are: filled with what is not finite or not, steps end with the same bits."""
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)
    in_bf16 = name == "in-bf16"
    method = Gan(network=Dcgan(width=32, latent=8), penalty_every=2) if in_bf16 else METHODS[name]
    ends = []
    for filled in (True, False):
        torch.utils.deterministic.fill_uninitialized_memory = filled
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            torch.manual_seed(0)
            made = method.learner(Setting(16, 3, 32, torch.device("cpu"), torch.bfloat16 if in_bf16 else torch.float32))
            take_steps(made, squares(), 0, 4)
        finally:
            torch.use_deterministic_algorithms(False)
        ends.append(to_tensors(made.parts()))
    assert same(*ends)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in ends[0].values() if tensor.is_floating_point())
