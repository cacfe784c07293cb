"""Trainings that are killed, at every moment at which something could be half done, and go on as if nothing had been."""

import random
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import safetensors.torch
import torch
from drilled import others_drilled
from dying import death_of, dying_at
from games import every_method
from ledger import Ledger

from ganlib.files import digest_bytes
from ganlib.methods.conditional import Conditional
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.augment import Augment
from ganlib.pictures.store import Store, write_store
from ganlib.training import batches, checkpoint, history, keeper, publish
from ganlib.training.config import TrainConfig
from ganlib.training.history import read, without_clock
from ganlib.training.publish import run_for, train

TINY = Dcgan(width=4, latent=8)
SMALL = {"energy": {"draw_steps": 3, "chains": 16, "fresh": 0.3}}
LABELLED = {
    f"conditional by {signal}": Conditional(network=TINY, conditions=("colour", "length"), signal=signal, drop=drop)
    for signal, drop in (("projection", 0.0), ("auxiliary", 0.2), ("both", 0.0))
}
RICH = Gan(network=TINY, penalties={"r1": 0.2, "dragan": 0.5}, penalty_every=2, augment=Augment(["translation", "cutout"]))
METHODS: dict[str, Any] = {**dict(every_method(TINY, **SMALL)), **LABELLED, "all that a game can have": RICH}
BATCH, STEPS = 8, 10


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Fifty pictures with labels to learn from, ten held out."""
    folder, dice, number = tmp_path_factory.mktemp("store"), np.random.default_rng(0), 60
    names = [f"{place:04d}" for place in range(number)]
    columns = {
        "name": names,
        "digest": [digest_bytes(name.encode()) for name in names],
        "split": ["train"] * 50 + ["heldout"] * 10,
        **{key: ["x"] * number for key in ("source", "licence", "attribution")},
        "label.colour": [["red", "blue", "green"][place % 3] for place in range(number)],
        "label.length": dice.random(number),
    }
    pictures = dice.integers(0, 256, (number, 16, 16, 3), dtype=np.uint8)
    return write_store(folder, pictures, range(number), pa.table(columns), {})


def config(method: Any) -> TrainConfig:
    """Ten steps: a line of the history every second one, a checkpoint every third, a sheet every fourth."""
    kimg = BATCH * STEPS / 1000
    intervals = {"log_kimg": 0.016, "checkpoint_kimg": 0.024, "sample_kimg": 0.032}
    return TrainConfig(method, kimg=kimg, batch=BATCH, decay=0.5, device="cpu", fast=False, threads=1, **intervals)


@dataclass(frozen=True)
class End:
    """All that a run leaves: the state of its last checkpoint, its numbers but for times, its files' bytes."""

    state: dict[str, torch.Tensor]
    lines: list[dict[str, Any]]
    files: dict[str, bytes]


def end_of(store: Store, wanted: TrainConfig, place: Path) -> End:
    """What lies in the run's folder and in the model's."""
    run, _ = run_for(store, wanted, place / "runs")
    found = checkpoint.load_latest(run / "checkpoints")
    assert found is not None
    assert found[0] == BATCH * STEPS
    files = {path.relative_to(place / "model").as_posix(): path.read_bytes() for path in sorted((place / "model").rglob("*.*"))}
    return End(found[1], without_clock(read(run / "history.jsonl")), files)


def differences(ours: End, theirs: End) -> list[str]:
    """The names of tensors, lines and files that are not the same, to the bit."""
    names = sorted({*ours.state, *theirs.state})
    unlike = [one for one in names if one not in ours.state or not same(ours.state[one], theirs.state.get(one))]
    files = [one for one in sorted({*ours.files, *theirs.files}) if ours.files.get(one) != theirs.files.get(one)]
    return [*unlike, *files, *([] if ours.lines == theirs.lines else ["history.jsonl in the run's folder"])]


def same(ours: torch.Tensor, theirs: torch.Tensor | None) -> bool:
    """To the bit: what is not a number equals itself here."""
    return theirs is not None and ours.dtype == theirs.dtype and ours.numpy().tobytes() == theirs.numpy().tobytes()


def half_a_file(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """What a writer that is killed leaves."""
    data = safetensors.torch.save(tensors)
    path.write_bytes(data[: len(data) // 2])


def half_a_line(self: history.History, *_: Any) -> None:
    """A line that was cut off in the middle."""
    with self.path.open("a") as stream:
        stream.write('{"kimg": 0.0')


def half_a_folder(path: Path, *_: Any, **__: Any) -> None:
    """Half of what was to be removed."""
    for file in sorted(path.iterdir())[:1]:
        file.unlink()


@dataclass(frozen=True)
class Moment:
    """A function at whose call, one of the first `calls`, the process dies; `first` is what of it is still done."""

    place: Any
    name: str
    calls: int
    first: Callable[..., None] | None = None


class _Removal:
    """Stands before `shutil` in the module that keeps checkpoints, so that only its own removals are struck."""

    def __init__(self) -> None:
        self.disk_usage = shutil.disk_usage

    def rmtree(self, path: Path, ignore_errors: bool = False) -> None:
        if path.name.startswith(".") or not path.exists():
            shutil.rmtree(path, ignore_errors)
        else:
            self.old(path)

    def old(self, path: Path) -> None:
        shutil.rmtree(path)


class _Renaming:
    """The same before `os`."""

    def replace(self, source: Path, target: Path) -> None:
        Path(source).replace(target)


MOMENTS = {
    "between two steps": lambda: Moment(batches.Batches, "at", STEPS),
    "in the middle of a step": lambda: Moment(torch.Tensor, "backward", STEPS),
    "while a checkpoint's tensors are written": lambda: Moment(safetensors.torch, "save_file", 3, half_a_file),
    "between a checkpoint's tensors and its manifest": lambda: Moment(checkpoint, "write_json", 3),
    "between a checkpoint's manifest and its name": lambda: Moment(_in(checkpoint, "os", _Renaming()), "replace", 3),
    "while an old checkpoint is removed": lambda: Moment(_in(checkpoint, "shutil", _Removal()), "old", 2, half_a_folder),
    "while a line of the history is written": lambda: Moment(history.History, "append", 5, half_a_line),
    "while the state is copied": lambda: Moment(keeper, "to_tensors", 4),
    "before the model is published": lambda: Moment(publish, "new_folder", 1),
    "while the model is published": lambda: Moment(publish, "write_histories", 1),
}


def _in(module: Any, name: str, stand_in: Any) -> Any:
    setattr(module, name, stand_in)
    return stand_in


@pytest.fixture(scope="module")
def whole(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], End]:
    """What a run by a method leaves that nobody stopped, found out once."""
    known: dict[str, End] = {}

    def run(name: str) -> End:
        if name not in known:
            place, wanted = tmp_path_factory.mktemp("whole"), config(METHODS[name])
            assert death_of(lambda: _train(store, wanted, place)) == 0
            known[name] = end_of(store, wanted, place)
        return known[name]

    return run


def _train(store: Store, wanted: TrainConfig, place: Path) -> None:
    train(store, wanted, place / "model", place / "runs")


def _killed_then_again(store: Store, wanted: TrainConfig, place: Path, moments: Iterator[tuple[str, int]]) -> tuple[int, End]:
    """Kill the training at each of the moments in turn, then let it end; how often it died, and what it left.

    One that came to its end before the moment is begun anew, and killed then.
    """
    deaths = 0
    for name, call in moments:

        def work(name: str = name, call: int = call) -> None:
            moment = MOMENTS[name]()
            dying_at(moment.place, moment.name, call, moment.first)
            _train(store, wanted, place)

        died = death_of(work)
        if not died:
            shutil.rmtree(place)
            died = death_of(work)
        deaths += died == signal.SIGKILL
    assert death_of(lambda: _train(store, wanted, place)) == 0
    return deaths, end_of(store, wanted, place)


def _seeded(seed: str) -> Iterator[tuple[str, int]]:
    dice = random.Random(seed)
    for name in MOMENTS:
        yield name, dice.randint(1, MOMENTS[name]().calls)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_training_killed_at_any_moment_ends_with_the_same_bits(
    moment: str, store: Store, whole: Callable[[str], End], tmp_path: Path, ledger: Ledger
) -> None:
    """Three times at the same moment, earlier or later; state, history and model equal those of a run never stopped."""
    dice, kind = random.Random(moment), MOMENTS[moment]()
    calls = sorted({1, dice.randint(1, kind.calls), kind.calls})
    deaths, end = _killed_then_again(store, config(RICH), tmp_path, iter((moment, call) for call in calls))
    assert deaths == len(calls)
    assert differences(end, whole("all that a game can have")) == []
    assert [path.name for path in tmp_path.rglob("*.partial")] == []
    ledger.add(f"kill -9 of a training {moment}", times=deaths, found="the same command goes on; all bits as if never stopped")


@pytest.mark.parametrize("name", others_drilled(METHODS, "nonsaturating", "glo", "autoencoder", "conditional"))
def test_every_method_survives_ten_kills(
    name: str, store: Store, whole: Callable[[str], End], tmp_path: Path, ledger: Ledger
) -> None:
    """One run, killed at each of the ten moments at a call drawn by lot, ends with the bits of one that never was."""
    deaths, end = _killed_then_again(store, config(METHODS[name]), tmp_path, _seeded(name))
    assert deaths == len(MOMENTS)
    assert differences(end, whole(name)) == []
    ledger.add(
        "kill -9 of one training at ten moments drawn by lot, for every method and objective",
        times=deaths,
        found="the same command goes on; all bits as if never stopped",
    )


def pieces(store: Store, wanted: TrainConfig, place: Path) -> list[str]:
    """The kinds of state that a checkpoint holds: the names of its tensors up to what there are many of."""
    found = checkpoint.load_latest(run_for(store, wanted, place / "runs")[0] / "checkpoints")
    assert found is not None
    return sorted({_piece(key) for key in found[1]})


def _piece(key: str) -> str:
    """`optimiser_g/exp_avg` of `optimiser_g/3/exp_avg`; the first word of all else but the meter's."""
    words = key.split("/")
    return f"{words[0]}/{words[-1]}" if words[0].startswith(("optimiser", "meter")) else words[0]


RULED = ["all that a game can have", "began", "conditional by both", "glo", "autoencoder", "vae", "energy"]


@pytest.mark.parametrize("name", others_drilled(RULED, "all that a game can have", "glo", "autoencoder", "vae", "energy"))
def test_no_piece_of_the_state_may_be_left_out(name: str, store: Store, whole: Callable[[str], End], tmp_path: Path) -> None:
    """Spoil any one kind of tensor in the checkpoint that a run goes on from, and it does not end with the same bits."""
    wanted = config(METHODS[name])
    assert death_of(lambda: (dying_at(batches.Batches, "at", 8), _train(store, wanted, tmp_path))) == signal.SIGKILL  # type: ignore[func-returns-value]
    kept = run_for(store, wanted, tmp_path / "runs")[0] / "checkpoints"
    harmless = []
    for piece in pieces(store, wanted, tmp_path):
        place = tmp_path / "mutant"
        shutil.copytree(tmp_path / "runs", place / "runs")
        images, tensors = checkpoint.load_latest(kept)  # type: ignore[misc]
        spoilt = {key: _other(tensor) if _piece(key) == piece else tensor for key, tensor in tensors.items()}
        checkpoint.save(run_for(store, wanted, place / "runs")[0] / "checkpoints", images, spoilt)
        assert death_of(lambda place=place: _train(store, wanted, place)) == 0  # type: ignore[misc]
        forgets = piece.endswith("/exp_avg") and not getattr(METHODS[name], "beta1", 1.0)  # each step begins it anew
        if not forgets and not differences(end_of(store, wanted, place), whole(name)):
            harmless.append(piece)
        shutil.rmtree(place)
    assert harmless == []


def _other(tensor: torch.Tensor) -> torch.Tensor:
    """As it is before anything was learnt: nothing."""
    return torch.zeros_like(tensor) if tensor.any() else torch.ones_like(tensor)


def test_a_longer_run_is_another_one(store: Store, tmp_path: Path) -> None:
    """What names a run is all that decides its bits, so that no other one goes on from its checkpoints."""
    wanted = config(RICH)
    others = [replace(wanted, kimg=1.0), replace(wanted, seed=1), replace(wanted, method=METHODS["glo"])]
    assert len({run_for(store, one, tmp_path)[0] for one in (wanted, *others)}) == 4
