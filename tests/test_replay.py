"""Steps that are replayed: the same bits as steps that are taken, whatever in them changes from one to the next."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from learners import TINY, same, squares, state
from torch import Tensor

from ganlib.conditions.attribute import Attribute
from ganlib.conditions.conditions import Conditions
from ganlib.methods.autoencoder import Autoencoder
from ganlib.methods.base import Batch, Learner, Method, Setting
from ganlib.methods.conditional import Conditional
from ganlib.methods.gan import Gan
from ganlib.methods.vae import Vae
from ganlib.nets.r3gan import R3gan
from ganlib.nets.resnet import Resnet
from ganlib.objectives.began import Began
from ganlib.objectives.hinge import Hinge
from ganlib.objectives.relativistic import Relativistic
from ganlib.pictures.augment import Augment
from ganlib.pictures.augmentations import AUGMENTATIONS
from ganlib.training import replay
from ganlib.training.device import Machine, prepare
from ganlib.training.guard import NotFinite, remember, settle
from ganlib.training.replay import Graph, Replay, at_once
from ganlib.training.state import from_tensors
from ganlib.training.tape import Roll, Tape

PICTURES = squares()
COLOURS = Conditions((Attribute("colour", ("red", "green")), Attribute("length", knots=(-1.0, 0.0, 1.0))))
TOLD = np.random.default_rng(0).random((len(PICTURES), 4, COLOURS.width), np.float32)  # in four phrasings
METHODS: dict[str, Method] = {
    "game": Gan(network=TINY, penalty_every=2, penalty_end=0.1, generator_every=3),
    "all that can be rolled": Gan(
        network=TINY,
        augment=Augment(sorted(AUGMENTATIONS), target=0.0, ada_kimg=0.1),
        penalties={"gradient": 1.0, "dragan": 1.0, "r1": 1.0, "r2": 1.0},
    ),
    "batch norm, one batch of codes": Gan(network=replace(TINY, norm=True), penalties={}, reuse=True, clip=0.01),
    "spectral norm": Gan(network=Resnet(width=8, latent=4), objective=Hinge(), penalties={}),
    "relative": Gan(network=R3gan(width=8, latent=4), objective=Relativistic(), penalties={"r1": 1.0, "r2": 1.0}),
    "balanced": Gan(network=TINY, objective=Began(), discriminator="reconstruction", penalties={}),
    "conditions": Conditional(network=TINY, conditions=("colour", "length"), drop=0.3),
    "factors": Conditional(network=TINY, signal="infogan", classes=(3,), numbers=2),
    "auto-encoder": Autoencoder(network=TINY),
    "variational": Vae(network=TINY),
}

on_gpu = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")]
DEVICES = ["cpu", pytest.param("cuda", marks=on_gpu)]


class ByHand(Graph):
    """A graph where there is no GPU: takes the step again, with rolls from the tape, on the batch that it was noted with."""

    def __init__(self, step: Callable[[Batch], dict[str, Tensor]], batch: Batch, tape: Tape, pool: None) -> None:
        self.step, self.batch, self.tape = step, batch, tape
        self.seen: dict[str, Tensor] = {}

    def _launch(self) -> None:
        with self.tape.noting():
            self.seen = self.step(replace(self.batch))  # conditions are kept by batch


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """The CPU's graphs; and as a training is prepared, so that a GPU repeats itself."""
    case = getattr(request.node, "callspec", None)
    if case is None or case.params.get("device") != "cuda":
        monkeypatch.setattr(replay, "Graph", ByHand)
    prepare(Machine("cpu", "float32", torch.get_num_threads()))
    yield
    torch.use_deterministic_algorithms(False)


def begin(method: Method, device: str, play: Callable[..., dict[str, Tensor]], precision: torch.dtype = torch.float32) -> Learner:
    """A learner of the squares, whose steps are taken so."""
    torch.manual_seed(0)
    told = {"conditions": COLOURS, "told": TOLD} if getattr(method, "conditions", ()) else {}
    learner = method.learner(Setting(16, 3, len(PICTURES), torch.device(device), precision, **told))
    learner.play = play  # type: ignore[attr-defined]
    return learner


def take_steps(learner: Learner, device: str, first: int, last: int) -> list[dict[str, float]]:
    """Steps on one batch after another, with ever smaller rates; what each of them saw."""
    seen = []
    for number in range(first, last):
        dice = torch.Generator().manual_seed(number)
        rows = torch.randperm(len(PICTURES), generator=dice)[:8].sort().values
        learner.anneal(1 - number / 100)
        found = learner.step(Batch(PICTURES[rows].to(device), rows, dice, 8 * number, number / 100))
        seen.append({name: float(value) for name, value in found.items()})
    return seen


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", METHODS)
def test_steps_that_are_replayed_are_those_that_are_taken(name: str, device: str) -> None:
    """Weights, moments, averages, dials and all that is reported, to the bit, after twenty steps of either."""
    method = METHODS[name]
    if device == "cuda" and getattr(method, "augment", Augment()).kinds:
        # What it samples between pixels torch sums up in any order there.
        method = replace(method, augment=Augment(sorted(AUGMENTATIONS.keys() - {"geometry"}), target=0.0, ada_kimg=0.1))
    replayed, taken = Replay(), at_once
    if device == "cuda":
        # The first step of a process, in float32 and with a penalty, rounds otherwise than all others (seen on an H200).
        take_steps(begin(method, device, taken), device, 0, 1)
    ours, theirs = (begin(method, device, play) for play in (replayed, taken))
    assert take_steps(ours, device, 0, 20) == take_steps(theirs, device, 0, 20)
    assert same(state(ours), state(theirs))
    assert all(kind.graph is not None for kind in replayed._kinds.values() if kind.taken > 3)
    assert any(kind.graph is not None for kind in replayed._kinds.values())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["game", "conditions", "variational"])
def test_a_learner_that_is_put_back_goes_on_being_replayed(name: str, device: str) -> None:
    """To where it was in the middle, and to where it began, when its optimisers knew nothing: the same bits as before."""
    learner = begin(METHODS[name], device, Replay())
    first = state(learner)
    take_steps(learner, device, 0, 10)
    middle = state(learner)
    take_steps(learner, device, 10, 20)
    last = state(learner)
    for start, number in ((middle, 10), (first, 0)):
        from_tensors(learner.parts(), start)
        take_steps(learner, device, number, 20)
        assert same(state(learner), last)


@pytest.mark.parametrize("device", DEVICES)
def test_bf16_is_replayed_too(device: str) -> None:
    """Autocast's copies of weights are made within a step, and anew in each."""
    ours, theirs = (begin(METHODS["game"], device, play, torch.bfloat16) for play in (Replay(), at_once))
    assert take_steps(ours, device, 0, 16) == take_steps(theirs, device, 0, 16)
    assert same(state(ours), state(theirs))


def test_a_tape_fills_its_places_with_what_the_step_would_roll() -> None:
    """In the order in which it rolls, from the same dice."""
    tape = Tape()
    with tape.noting():
        assert tape.place(torch.randn, (20, 3)) is None
        assert tape.place(torch.rand, (5,)) is None
    tape.lay_out(torch.device("cpu"))
    tape.fill(torch.Generator().manual_seed(7))
    dice = torch.Generator().manual_seed(7)
    with tape.noting():
        assert torch.equal(tape.place(torch.randn, (20, 3)), torch.randn(20, 3, generator=dice))
        assert torch.equal(tape.place(torch.rand, (5,)), torch.rand(5, generator=dice))


@pytest.mark.parametrize("rolls", [((torch.rand, (2,)),), ((torch.randn, (3,)),), ((torch.randn, (2,)), (torch.randn, (2,)))])
def test_a_step_that_rolls_otherwise_than_before_cannot_be_replayed(rolls: tuple[tuple[Roll, tuple[int, ...]], ...]) -> None:
    """Other dice, another shape, one more: a defect of the step, and said so."""
    tape = Tape()
    with tape.noting():
        tape.place(torch.randn, (2,))
    tape.lay_out(torch.device("cpu"))

    def step() -> None:
        with tape.noting():
            for roll, shape in rolls:
                tape.place(roll, shape)

    with pytest.raises(RuntimeError, match="did not before"):
        step()


def test_what_cannot_be_captured_goes_on_as_it_began(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Said once, in a line; the bits are those of steps that are taken."""

    def refused(*_: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nCUDA kernel errors might be reported later")

    monkeypatch.setattr(replay, "Graph", refused)
    ours, theirs = (begin(METHODS["game"], "cpu", play) for play in (Replay(), at_once))
    assert take_steps(ours, "cpu", 0, 20) == take_steps(theirs, "cpu", 0, 20)
    assert same(state(ours), state(theirs))
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "A step is launched one kernel at a time, for it cannot be replayed as a CUDA graph "
        "(operation not permitted when stream is capturing)."
    ]


def places(learner: Learner) -> dict[str, int]:
    """Where in memory all lies that a step that is replayed reads and writes."""
    found = {}
    for part, holder in learner.parts().items():
        tensors = dict(holder.state_dict()) if isinstance(holder, torch.nn.Module) else {}
        if isinstance(holder, torch.optim.Optimizer):
            moments = [moment for moments in holder.state.values() for moment in moments.values()]
            tensors = {f"{number}": moment for number, moment in enumerate([*moments, holder.found_inf])}
            tensors["rate"] = holder.param_groups[0]["lr"]
        found |= {f"{part}/{name}": tensor.data_ptr() for name, tensor in tensors.items()}
    return found


@pytest.mark.parametrize("name", ["game", "balanced", "batch norm, one batch of codes"])
def test_whatever_happens_to_a_learner_all_stays_where_it_is_in_memory(name: str) -> None:
    """A graph knows no other place: through steps, a return to where it was, and gradients that were no numbers."""
    learner = begin(METHODS[name], "cpu", at_once)
    optimisers = [part for part in learner.parts().values() if isinstance(part, torch.optim.Optimizer)]
    for optimiser in optimisers:
        optimiser.param_groups[0]["lr"] = torch.tensor(1e-3)  # as on a GPU
        remember(optimiser, torch.ones(()), "generator")
    begun = state(learner)
    take_steps(learner, "cpu", 0, 4)
    before, middle = places(learner), state(learner)
    for start in (middle, begun):
        take_steps(learner, "cpu", 4, 8)
        for optimiser in optimisers:
            remember(optimiser, torch.tensor(float("nan")), "generator")
        with pytest.raises(NotFinite):
            settle(learner.parts())
        settle(learner.parts())
        from_tensors(learner.parts(), start)
        assert places(learner) == before
    assert all(float(optimiser.param_groups[0]["lr"]) == pytest.approx(2e-4 * 0.93) for optimiser in optimisers)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_capture_that_fails_leaves_the_gpu_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    """In its middle, at a step that waits for the device: the stream is the usual one, memory can be freed, steps are taken."""
    learner, play = begin(METHODS["game"], "cuda", at_once), Replay()

    def waiting(step: Callable[[Batch], dict[str, Tensor]], batch: Batch, kind: object) -> dict[str, Tensor]:
        return play(lambda one: {name: value + float(value) for name, value in step(one).items()}, batch, kind)

    learner.play = waiting  # type: ignore[attr-defined]
    take_steps(learner, "cuda", 0, 20)
    assert capsys.readouterr().out.count("cannot be replayed") == 1
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    torch.cuda.empty_cache()


def test_a_gpu_replays_and_a_cpu_does_not() -> None:
    """By the setting alone; nothing is replayed where all is to be computed as it is written down."""
    setting = Setting(16, 3, 32, torch.device("cuda"), torch.float32)
    assert isinstance(replay.player(setting), Replay)
    assert replay.player(replace(setting, fast=False)) is at_once
    assert replay.player(replace(setting, device=torch.device("cpu"))) is at_once
