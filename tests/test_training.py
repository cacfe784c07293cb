"""The loop: resumption to the bit, order of pictures, checkpoints, history, and what stops it."""

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from learners import same

from ganlib.errors import AtelierError
from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Game, Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.augment import Augment
from ganlib.pictures.augmentations import AUGMENTATIONS
from ganlib.training import batches, checkpoint, device, loop, publish
from ganlib.training.batches import Batches, dice_for
from ganlib.training.config import TrainConfig
from ganlib.training.descent import adam
from ganlib.training.device import Machine, prepare
from ganlib.training.guard import NotFinite, remember, settle
from ganlib.training.history import History, read, without_clock
from ganlib.training.meter import Meter
from ganlib.training.run_folder import claim, folder_for, locked
from ganlib.training.schedule import decayed, towards
from ganlib.training.state import from_tensors, to_tensors

CPU = torch.device("cpu")
SETTING = Setting(16, 3, 50, CPU, torch.float32)
MACHINE = Machine("cpu", "float32", torch.get_num_threads())
PICTURES = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), dtype=np.uint8)
METHOD = Gan(network=Dcgan(width=4, latent=8), penalty_every=3)
CONFIG = TrainConfig(METHOD, kimg=0.16, batch=8, decay=0.5, flip=True, log_kimg=0.016, sample_kimg=0.05, checkpoint_kimg=0.03)


def learner(seed: int = 0) -> Game:
    torch.manual_seed(seed)
    return METHOD.learner(SETTING)


class Killed(BaseException):
    """Stands for kill -9: nothing gets to tidy up."""


def struck_at(
    monkeypatch: pytest.MonkeyPatch, images: int, blow: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]
) -> None:
    """Let `blow` befall what the step after `images` pictures reports."""
    step = Game.step

    def struck(self: Game, batch: Batch) -> dict[str, torch.Tensor]:
        seen = step(self, batch)
        return blow(seen) if batch.images == images else seen

    monkeypatch.setattr(Game, "step", struck)


def kill(seen: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Die on the spot."""
    raise Killed


@pytest.mark.parametrize("images", [8, 40, 64, 152])
def test_a_killed_run_goes_on_to_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: int) -> None:
    """Weights, averages, optimisers, history and sample sheets equal those of a run that was never stopped."""
    whole = learner()
    loop.train(whole, PICTURES, CONFIG, MACHINE, tmp_path / "whole")
    with monkeypatch.context() as patch:
        struck_at(patch, images, kill)
        with pytest.raises(Killed):
            loop.train(learner(), PICTURES, CONFIG, MACHINE, tmp_path / "killed")
    resumed = learner(seed=1)  # what a new process draws at random is never used: the checkpoint has it all
    loop.train(resumed, PICTURES, CONFIG, MACHINE, tmp_path / "killed")
    ours, theirs = to_tensors(resumed.parts()), to_tensors(whole.parts())
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    histories = [without_clock(read(tmp_path / run / "history.jsonl")) for run in ("whole", "killed")]
    assert histories[0] == histories[1]
    sheets = sorted(path.name for path in (tmp_path / "whole" / "samples").iterdir())
    assert sheets
    for name in sheets:
        assert (tmp_path / "whole/samples" / name).read_bytes() == (tmp_path / "killed/samples" / name).read_bytes()


@pytest.mark.parametrize("part", ["generator", "discriminator", "average", "optimiser_generator", "optimiser_discriminator"])
def test_every_part_of_the_state_matters(tmp_path: Path, part: str) -> None:
    """Put back all but one part and the run ends elsewhere: so the test above would notice a forgotten part."""
    half = replace(CONFIG, kimg=0.08, decay=0.0)
    stopped = learner()
    loop.train(stopped, PICTURES, half, MACHINE, tmp_path / "run")
    tensors = to_tensors(stopped.parts())
    ends = []
    for forgotten in (None, part):
        other = learner(seed=1)
        parts = {name: holder for name, holder in other.parts().items() if name != forgotten}
        from_tensors(parts, {name: value for name, value in tensors.items() if name.split("/")[0] != forgotten})
        batches = Batches(PICTURES, 8, 0, True, CPU)
        for images in range(80, 160, 8):
            dice = dice_for(0, images)
            other.step(Batch(*batches.at(images, dice), dice, images))
        ends.append(to_tensors(other.parts()))
    assert any(not torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_a_signal_ends_the_step_and_leaves_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM in mid-run: the outcome names it, the checkpoint holds what was learnt until then, the next call ends the run."""

    def terminate(seen: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        os.kill(os.getpid(), signal.SIGTERM)
        return seen

    with monkeypatch.context() as patch:
        struck_at(patch, 56, terminate)
        outcome = loop.train(learner(), PICTURES, CONFIG, MACHINE, tmp_path)
    assert (outcome.images, outcome.stopped_by) == (64, signal.SIGTERM)
    found = checkpoint.load_latest(tmp_path / "checkpoints")
    assert found is not None
    assert found[0] == 64
    assert loop.train(learner(), PICTURES, CONFIG, MACHINE, tmp_path) == loop.Outcome(160, None)


def poison(learner: Game) -> None:
    """Let the next gradient of one tensor of the generator be NaN, wherever it comes from."""
    learner.g.last.weight.register_hook(lambda gradient: gradient * float("nan"))


def test_a_gradient_that_is_no_number_never_reaches_the_weights() -> None:
    """The step raises and names the tensor; not a bit of the generator has changed."""
    game = learner()
    before = {name: value.clone() for name, value in game.g.named_parameters()}
    poison(game)
    with pytest.raises(NotFinite, match=r"the gradient of generator\.last\.weight"):
        game.step(Batch(torch.rand(8, 3, 16, 16), torch.arange(8), dice_for(0, 0)))
    assert all(torch.equal(value, before[name]) for name, value in game.g.named_parameters())


def test_an_optimiser_that_is_not_asked_remembers_and_stands_still() -> None:
    """As on a GPU, which is not waited for: from a broken norm on no step is taken; asked, it says whose; then it goes on."""
    layer = torch.nn.Linear(2, 1)
    optimiser = adam(layer, 0.1, 0.0, 0.9)
    layer(torch.ones(1, 2)).sum().backward()
    places = []
    for norm in (1.0, float("nan"), 1.0):
        remember(optimiser, torch.tensor(norm), "generator")
        optimiser.step()
        places.append(layer.weight.detach().clone())
    assert torch.equal(places[0], places[1])
    assert torch.equal(places[1], places[2])
    with pytest.raises(NotFinite, match="a gradient of the generator"):
        settle({"generator": layer, "optimiser_generator": optimiser})
    settle({"generator": layer, "optimiser_generator": optimiser})
    optimiser.step()
    assert not torch.equal(layer.weight, places[2])


def test_adam_is_torchs_own_and_copies_nothing() -> None:
    """Weights with channels innermost, as runs have them: the same bits after some steps, and not one tensor copied."""
    module = torch.nn.Sequential(torch.nn.Conv2d(8, 16, 3), torch.nn.BatchNorm2d(16), torch.nn.ConvTranspose2d(16, 8, 4))
    ours = module.to(memory_format=torch.channels_last)
    theirs = copy.deepcopy(ours)
    optimisers = adam(ours, 0.01, 0.5, 0.9), torch.optim.Adam(theirs.parameters(), 0.01, (0.5, 0.9), fused=True)
    maps = torch.randn(2, 8, 6, 6, generator=torch.Generator().manual_seed(0))
    copied = []
    for module, optimiser in zip((ours, theirs), optimisers, strict=True):
        for _ in range(3):
            optimiser.zero_grad()
            module(maps).square().sum().backward()
            with torch.profiler.profile() as seen:
                optimiser.step()
        copied.append([event.name for event in seen.events() if event.name == "aten::clone"])
    assert all(torch.equal(mine, other) for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert not copied[0]
    assert copied[1]  # if torch's own does so no longer, ours need not exist


def test_a_training_imports_no_compiler() -> None:
    """Which would cost every one a second: not as a machine is prepared, nor for a step, nor to keep where it stands."""
    work = """
        import sys
        import torch
        from ganlib.training.descent import adam, descend
        from ganlib.training.device import Machine, prepare
        from ganlib.training.state import to_tensors
        prepare(Machine("cpu", "float32", 1))
        layer = torch.nn.Linear(2, 1)
        optimiser = adam(layer, 0.01, 0.5, 0.9)
        descend(optimiser, layer(torch.ones(3, 2)).sum(), "layer")
        to_tensors({"optimiser": optimiser})
        assert torch.are_deterministic_algorithms_enabled()
        print("torch._dynamo" in sys.modules)
    """
    said = subprocess.run([sys.executable, "-c", textwrap.dedent(work)], check=True, capture_output=True, text=True)
    assert said.stdout == "False\n"


@pytest.mark.fault(
    "a number that is not finite in the middle of training", found="back to the last checkpoint and on with another seed, aloud"
)
def test_a_broken_number_sends_the_run_back_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A NaN after 80 pictures: back to the checkpoint at 64, on with other random numbers, to the end; and it is said."""
    struck = []

    def once(seen: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        struck.append(1)
        return seen | {"loss_g": seen["loss_g"] * float("nan")} if len(struck) == 1 else seen

    struck_at(monkeypatch, 80, once)
    game = learner()
    assert loop.train(game, PICTURES, CONFIG, MACHINE, tmp_path / "struck") == loop.Outcome(160, None)
    said = capsys.readouterr().out
    assert "before it reached the weights: loss_g" in said
    assert "Went back to 0.1 kimg and goes on from there, once, with another seed." in said
    lines = read(tmp_path / "struck" / "history.jsonl")
    assert [line["images"] for line in lines] == sorted({line["images"] for line in lines})
    monkeypatch.undo()
    whole = learner()
    loop.train(whole, PICTURES, CONFIG, MACHINE, tmp_path / "whole")
    assert not torch.equal(
        to_tensors(game.parts())["generator/first.weight"], to_tensors(whole.parts())["generator/first.weight"]
    )


@pytest.mark.fault(
    "a number that is not finite, for the second time", found="a stop that names the number; checkpoints are whole"
)
def test_a_number_broken_twice_stops_the_run_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it, and the last checkpoint is from before it."""
    struck_at(monkeypatch, 80, lambda seen: seen | {"loss_g": seen["loss_g"] * float("nan")})
    with pytest.raises(AtelierError, match="loss_g is none, for the second time"):
        loop.train(learner(), PICTURES, CONFIG, MACHINE, tmp_path)
    found = checkpoint.load_latest(tmp_path / "checkpoints")
    assert found is not None
    assert found[0] <= 80


def test_a_run_killed_after_it_went_back_ends_with_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How often it went back is part of the checkpoint, and with it the seed that it goes on with."""
    ends = []
    for name in ("whole", "killed"):
        struck: list[int] = []

        def once(seen: dict[str, torch.Tensor], struck: list[int] = struck) -> dict[str, torch.Tensor]:
            struck.append(1)
            return seen | {"loss_g": seen["loss_g"] * float("nan")} if len(struck) == 1 else seen

        with monkeypatch.context() as patch:
            struck_at(patch, 80, once)
            if name == "killed":
                with patch.context() as inner:
                    struck_at(inner, 136, kill)
                    with pytest.raises(Killed):
                        loop.train(learner(), PICTURES, CONFIG, MACHINE, tmp_path / name)
            game = learner(seed=3 if name == "killed" else 0)
            loop.train(game, PICTURES, CONFIG, MACHINE, tmp_path / name)
        ends.append(to_tensors(game.parts()))
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_every_picture_is_shown_once_a_round() -> None:
    """50 pictures in batches of 8: the first 50 shown are all of them, whatever the batches' bounds."""
    distinct = np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1)
    batches = Batches(distinct, 8, 3, False, CPU)
    shown = [
        round((value + 1) * 127.5)
        for images in range(0, 400, 8)
        for value in batches.at(images, dice_for(3, images))[0].flatten().tolist()
    ]
    assert sorted(shown) == sorted(list(range(50)) * 8)


def test_a_batch_depends_on_the_count_alone() -> None:
    """Asked for out of order, and from a new object, the batch after 96 pictures is the same."""
    one = Batches(PICTURES, 8, 0, True, CPU)
    for images in range(0, 96, 8):
        one.at(images, dice_for(0, images))
    again = Batches(PICTURES, 8, 0, True, CPU)
    pair = one.at(96, dice_for(0, 96)), again.at(96, dice_for(0, 96))
    assert torch.equal(pair[0][0], pair[1][0])
    assert torch.equal(pair[0][1], pair[1][1])


def test_black_and_white_reach_the_ends_of_the_range() -> None:
    """0 becomes -1 and 255 becomes 1, exactly; a mirrored picture is the same pixels from right to left."""
    ends = np.zeros((1, 2, 2, 1), np.uint8)
    ends[:, :, 1] = 255
    seen = {tuple(Batches(ends, 1, 0, True, CPU).at(i, dice_for(0, i))[0].flatten().tolist()) for i in range(20)}
    assert seen == {(-1.0, 1.0, -1.0, 1.0), (1.0, -1.0, 1.0, -1.0)}


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "no manifest"])
def test_a_damaged_checkpoint_is_passed_over_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    """The one before it is used; when that is damaged as well, nothing starts from zero in silence."""
    for images in (8, 16):
        checkpoint.save(tmp_path, images, {"a": torch.full((100,), float(images))})
    spoil(tmp_path / f"{16:012d}", damage)
    found = checkpoint.load_latest(tmp_path)
    assert found is not None
    assert (found[0], found[1]["a"][0].item()) == (8, 8)
    assert "is damaged" in capsys.readouterr().out
    spoil(tmp_path / f"{8:012d}", damage)
    with pytest.raises(AtelierError, match="found 2, all damaged"):
        checkpoint.load_latest(tmp_path)


def spoil(folder: Path, damage: str) -> None:
    path = folder / ("manifest.json" if damage == "no manifest" else "state.safetensors")
    data = bytearray(path.read_bytes())
    if damage == "no manifest":
        path.unlink()
    elif damage == "flip":
        data[-7] ^= 1
        path.write_bytes(data)
    else:
        path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"")


def test_only_the_last_checkpoints_are_kept(tmp_path: Path) -> None:
    """Five saved, two kept, no leftovers."""
    for images in range(5):
        checkpoint.save(tmp_path, images, {"a": torch.zeros(1)})
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{3:012d}", f"{4:012d}"]


def test_a_second_trainer_is_told_who_holds_the_run(tmp_path: Path) -> None:
    """The lock's holder is named by process id and time."""
    told = rf"process {os.getpid()} \(since .*\) trains this very run"
    with locked(tmp_path), pytest.raises(AtelierError, match=told), locked(tmp_path):
        pass


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    """The error names what differs; the folder's own description is left as it was."""
    claim(tmp_path, {"train": {"batch": 8}, "dataset": "a"})
    with pytest.raises(AtelierError, match="differs in dataset"):
        claim(tmp_path, {"train": {"batch": 8}, "dataset": "b"})
    assert json.loads((tmp_path / "run.json").read_text())["dataset"] == "a"


def test_another_configuration_or_data_set_is_another_run(tmp_path: Path) -> None:
    """So a changed learning rate can never go on from another one's checkpoint."""
    names = {folder_for(tmp_path, {"lr": lr, "dataset": data}) for lr in (1e-4, 2e-4) for data in ("a", "b")}
    assert len(names) == 4


def test_changed_code_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more comment in a network's file, and its finished run is not taken for the new one's."""
    package = tmp_path / "ganlib"
    shutil.copytree(Path(publish.__file__).parents[1], package)
    monkeypatch.setattr(publish, "__file__", str(package / "training" / "publish.py"))
    before = publish.code_digest()
    assert publish.code_digest() == before
    with (package / "nets" / "dcgan.py").open("a") as stream:
        stream.write("# changed\n")
    assert publish.code_digest() != before


def test_history_survives_a_line_cut_off_in_the_middle(tmp_path: Path) -> None:
    """A torn last line and lines after the checkpoint are forgotten on resumption; earlier ones stay."""
    history = History(tmp_path / "history.jsonl")
    for images in (8, 16, 24):
        history.append(images, {"loss": images / 10, "bad": float("inf")})
    with history.path.open("a") as stream:
        stream.write('{"kimg": 0.03')
    history.rewind(16)
    assert [(line["images"], line["loss"], line["bad"]) for line in read(history.path)] == [(8, 0.8, "inf"), (16, 1.6, "inf")]


def test_learning_rates_fall_in_a_straight_line_at_the_end() -> None:
    """With decay 0.5 the factor is 1 until half the run, 1/2 at three quarters, 0 at the end; with 0 it stays 1."""
    assert [decayed(done, 0.5) for done in (0.0, 0.5, 0.75, 1.0)] == [1.0, 1.0, 0.5, 0.0]
    assert decayed(1.0, 0.0) == 1.0
    game = learner()
    game.anneal(0.25)
    assert game.optimiser_g.param_groups[0]["lr"] == METHOD.lr_generator / 4
    assert game.optimiser_d.param_groups[0]["lr"] == METHOD.lr_discriminator / 4


def test_factors_can_follow_half_a_cosine() -> None:
    """A rate falls to 1/2 in the middle of its share, then to 0; a penalty is half way to its last factor in the middle."""
    assert [decayed(done, 0.5, "cosine") for done in (0.25, 0.5, 0.75, 1.0)] == pytest.approx([1.0, 1.0, 0.5, 0.0], abs=1e-15)
    assert [towards(0.1, done) for done in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.55, 0.1], abs=1e-15)


@pytest.mark.parametrize(("seconds", "plainly", "pays"), [(1.0, 2.0, True), (1.2, 1.0, True), (1.4, 1.0, False)])
def test_fast_paths_are_left_only_for_what_is_clearly_quicker(
    monkeypatch: pytest.MonkeyPatch, seconds: float, plainly: float, pays: bool
) -> None:
    """A trial that differs by chance must not change the bits; and it is said."""
    monkeypatch.setattr(device, "_seconds", lambda dtype, fast=True: seconds if fast else plainly)
    machine = device.choose("cpu", "float32", 1)
    assert machine.fast == pays
    assert ("all as it is written down" in machine.describe()) != pays


def test_what_is_asked_for_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither layout nor precision."""
    monkeypatch.setattr(device, "_seconds", lambda dtype, fast=True: pytest.fail("tried"))
    assert [device.choose("cpu", "float32", 1, fast).fast for fast in (True, False)] == [True, False]


def test_batches_from_a_devices_own_memory_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held there whole, or read from the map: the same pictures in the same order."""
    mapped = Batches(PICTURES, 8, 0, True, CPU)
    monkeypatch.setattr(batches, "_has_room", lambda pictures, device: True)
    monkeypatch.setattr(batches, "_PIECE", 7)
    held = Batches(PICTURES, 8, 0, True, CPU)
    assert held.resident is not None
    for images in (0, 48, 96):
        ours, theirs = (source.at(images, dice_for(0, images)) for source in (held, mapped))
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize("method", [METHOD, replace(METHOD, penalties={"dragan": 1.0}, augment=Augment(sorted(AUGMENTATIONS)))])
def test_a_gpu_is_not_waited_for_within_steps(method: Gan, room: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading, mirroring, augmenting, both events, the average, taken and replayed: torch raises where one would stop for it."""
    cuda = torch.device("cuda")
    game, meter = method.learner(Setting(16, 3, 50, cuda, torch.bfloat16)), Meter()
    monkeypatch.setattr(batches, "_has_room", lambda pictures, device: room)
    source = Batches(PICTURES, 8, 0, True, cuda)

    def step(images: int) -> None:
        dice = dice_for(0, images)
        game.anneal(1 - images / 100)
        meter.add(game.step(Batch(*source.at(images, dice), dice, images)), 8)

    for first, last, mode in (
        (0, 8, "default"),  # makes what is made once
        (8, 24, "error"),
        (24, 96, "default"),  # notes the steps of either kind down
        (96, 160, "error"),
    ):
        torch.cuda.set_sync_debug_mode(mode)
        try:
            for images in range(first, last, 8):
                step(images)
        finally:
            torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_goes_back_once_from_a_broken_gradient(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Found at the next look, with the weights as they were; the run ends."""
    game = METHOD.learner(replace(SETTING, device=torch.device("cuda")))
    poison = torch.ones((), device="cuda")  # there, for a step that is replayed calls nobody
    game.g.last.weight.register_hook(lambda gradient: gradient * poison)
    step, steps = game.step, []

    def poisoned(batch: Batch) -> dict[str, torch.Tensor]:
        steps.append(batch.images)
        poison.fill_(float("nan") if len(steps) == 10 else 1.0)
        return step(batch)

    game.step = poisoned  # type: ignore[method-assign]
    assert loop.train(game, PICTURES, CONFIG, Machine("cuda", "float32", 1), tmp_path) == loop.Outcome(160, None)
    assert "a gradient of the generator" in capsys.readouterr().out


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_run_on_a_gpu_can_be_repeated_and_resumed_to_the_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    """Replayed from the fourth step on, and from the fourth after it was taken up again: the same weights and history."""
    machine = Machine("cuda", precision, torch.get_num_threads())
    prepare(machine)
    config = replace(CONFIG, kimg=0.4)

    def begun() -> Game:
        torch.manual_seed(0)
        return METHOD.learner(Setting(16, 3, 50, torch.device("cuda"), machine.dtype))

    whole, again = begun(), begun()
    loop.train(whole, PICTURES, config, machine, tmp_path / "whole")
    loop.train(again, PICTURES, config, machine, tmp_path / "again")
    with monkeypatch.context() as patch:
        struck_at(patch, 272, kill)
        with pytest.raises(Killed):
            loop.train(begun(), PICTURES, config, machine, tmp_path / "broken")
    broken = begun()
    loop.train(broken, PICTURES, config, machine, tmp_path / "broken")
    told = without_clock(read(tmp_path / "whole" / "history.jsonl"))
    for other, folder in ((again, "again"), (broken, "broken")):
        assert same(to_tensors(other.parts()), to_tensors(whole.parts()))
        assert without_clock(read(tmp_path / folder / "history.jsonl")) == told
    torch.use_deterministic_algorithms(False)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_game_runs_on_a_gpu_in_bf16(tmp_path: Path) -> None:
    """The same loop ends on the GPU, with finite numbers."""
    torch.manual_seed(0)
    game = METHOD.learner(Setting(16, 3, 50, torch.device("cuda"), torch.bfloat16))
    outcome = loop.train(game, PICTURES, CONFIG, Machine("cuda", "bf16", 1), tmp_path)
    assert outcome == loop.Outcome(160, None)
