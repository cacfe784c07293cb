"""Looks at a run: they change nothing, go on as they were after a kill, and may end it early."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawing import pixels
from games import every_method
from pydantic import TypeAdapter, ValidationError
from test_diagnosis import SICK, a_run
from test_evaluate import store

from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Gan
from ganlib.metrics import quick
from ganlib.metrics.diagnosis.onlooker import Onlooker
from ganlib.nets.dcgan import Dcgan
from ganlib.nets.resnet import Resnet
from ganlib.pictures.store import Store
from ganlib.sampling.draw import draw
from ganlib.sampling.model import load_model
from ganlib.training import loop
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine
from ganlib.training.guard import NotFinite
from ganlib.training.history import read, without_clock
from ganlib.training.publish import train
from ganlib.training.state import to_tensors
from ganlib.training.watch import Lookout, chosen, judgement, named, stalled, told_apart

CPU = torch.device("cpu")
SETTING = Setting(16, 3, 50, CPU, torch.float32)
MACHINE = Machine("cpu", "float32", torch.get_num_threads())
PICTURES = np.random.default_rng(0).integers(0, 256, (80, 16, 16, 3), dtype=np.uint8)
TRAIN, HELDOUT = PICTURES[:50], PICTURES[50:]
METHODS = dict(every_method(Dcgan(width=4, latent=8), energy={"draw_steps": 3, "chains": 16, "fresh": 0.3}))
CONFIG = TrainConfig(METHODS["hinge"], kimg=0.16, batch=8, log_kimg=0.016, sample_kimg=0.04, checkpoint_kimg=0.03, threads=1)


class Scripted:
    """A watch that says at every look how many there have been."""

    number = 70

    def scores(self, drawn: Any) -> Mapping[str, float | str]:
        return {"quick_number": float(len(drawn)), "mean": float(drawn.mean()), "text": "a, b"}

    def remarks(self, history: Sequence[Mapping[str, Any]], looks: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        return [f"{len(looks)} looks, {len(history)} lines"]


class Falling(Scripted):
    """Its distance at a look is a function of the pictures shown."""

    def __init__(self, folder: Path, until: int) -> None:
        self.folder, self.until = folder, until

    def scores(self, drawn: Any) -> Mapping[str, float | str]:
        runs = [*self.folder.glob("runs/*/watch.jsonl"), *self.folder.glob("watch.jsonl")]
        before = read(runs[0]) if runs else []
        shown = before[-1]["images"] + 40 if before else 0
        return {"quick_fd": 1000.0 - min(shown, self.until), "quick_fd_error": 5.0, "coarse_fd": 1.0, "coarse_fd_error": 0.1}


def learner(method: Any = CONFIG.method, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return method.learner(SETTING)


@pytest.mark.parametrize("name", METHODS)
def test_looking_changes_nothing(name: str, tmp_path: Path) -> None:
    """Watched or not, every tensor of the state and every line of the history is the same, for every method."""
    config = replace(CONFIG, method=METHODS[name], kimg=0.08)
    ends, histories = [], []
    for watched in (False, True):
        made, folder = learner(config.method), tmp_path / str(watched)
        loop.train(made, TRAIN, config, MACHINE, folder, *((HELDOUT, Scripted()) if watched else ()))
        ends.append(to_tensors(made.parts()))
        histories.append(without_clock(read(folder / "history.jsonl")))
    assert [key for key in ends[0] if not torch.equal(ends[0][key], ends[1][key])] == []
    assert histories[0] == histories[1]
    assert (tmp_path / "True" / "samples" / "kimg-000000.png").read_bytes() == (
        tmp_path / "False" / "samples" / "kimg-000000.png"
    ).read_bytes()
    looks = read(tmp_path / "True" / "watch.jsonl")
    assert [look["images"] for look in looks] == [0, 40, 80]
    assert [look["done"] for look in looks] == [0, 0.5, 1]
    judged = {"score_train", "score_heldout", "score_generated", "score_error", "told_apart"}
    assert judged & set(looks[0]) == (judged if made.judge() is not None else set())
    assert looks[0]["quick_number"] == 70


def test_every_look_has_a_name_of_its_own() -> None:
    """In the order of time, whole thousands without a fraction."""
    names = [named(images) for images in (0, 496, 1_504, 2_000, 2_496, 10_048, 120_000)]
    assert names == [
        "kimg-000000",
        "kimg-000000_5",
        "kimg-000001_5",
        "kimg-000002",
        "kimg-000002_5",
        "kimg-000010",
        "kimg-000120",
    ]
    assert [f"{name}.png" for name in names] == sorted(f"{name}.png" for name in names)


class Killed(BaseException):
    """Stands for kill -9."""


@pytest.mark.parametrize("images", [8, 56, 120])
def test_a_killed_run_sees_what_it_would_have_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: int) -> None:
    """The looks of a run that was killed and went on are those of one that was not, each once."""
    loop.train(learner(), TRAIN, CONFIG, MACHINE, tmp_path / "whole", HELDOUT, Scripted())
    made, step = learner(), type(learner()).step

    def dying(self: Any, batch: Batch) -> dict[str, torch.Tensor]:
        if batch.images == images:
            raise Killed
        return step(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(type(made), "step", dying)
        with pytest.raises(Killed):
            loop.train(made, TRAIN, CONFIG, MACHINE, tmp_path / "killed", HELDOUT, Scripted())
    loop.train(learner(seed=1), TRAIN, CONFIG, MACHINE, tmp_path / "killed", HELDOUT, Scripted())
    assert read(tmp_path / "killed" / "watch.jsonl") == read(tmp_path / "whole" / "watch.jsonl")


def test_a_run_that_went_back_forgets_what_it_saw_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that is not finite after 80 pictures: no look is there twice."""
    made, step, struck = learner(), type(learner()).step, []

    def broken(self: Any, batch: Batch) -> dict[str, torch.Tensor]:
        if batch.images == 88 and not struck:
            struck.append(1)
            raise NotFinite("loss_g")
        return step(self, batch)

    monkeypatch.setattr(type(made), "step", broken)
    loop.train(made, TRAIN, CONFIG, MACHINE, tmp_path, HELDOUT, Scripted())
    assert struck
    assert [look["images"] for look in read(tmp_path / "watch.jsonl")] == [0, 40, 80, 120, 160]


def test_remarks_are_said_as_they_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On lines of their own, among those that say how far the run has come."""
    loop.train(learner(), TRAIN, CONFIG, MACHINE, tmp_path, HELDOUT, Scripted())
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if "looks" in line] == [f"{1 + n} looks, {lines_then} lines" for n, lines_then in _expected()]


def _expected() -> list[tuple[int, int]]:
    """Lines of the history at each look but the first: one after the first step, then one every two steps."""
    return [(number, 1 + images // 16) for number, images in enumerate((40, 80, 120, 160), start=1)]


@pytest.mark.parametrize("network", [Dcgan(width=4, latent=8, norm=True), Dcgan(width=4, latent=8), Resnet(width=4, latent=8)])
def test_the_judge_is_left_as_it_was(network: Any) -> None:
    """Running statistics, spectral norms and the mode stay; the same pictures have the same scores again."""
    judge = learner(Gan(network=network, penalties={})).judge()
    judge.train()
    before = {name: tensor.clone() for name, tensor in judge.state_dict().items()}
    scores = judgement(judge, TRAIN)
    assert judge.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in judge.state_dict().items())
    assert scores.shape == (50,)
    assert scores.dtype == torch.float64
    assert torch.equal(judgement(judge, TRAIN), scores)


def test_judged_pictures_are_the_same_every_time_and_from_everywhere() -> None:
    """At even distances, the first and the last among them; of as many as there are, all."""
    numbers = np.arange(1000)
    assert chosen(numbers, 4).tolist() == [0, 333, 666, 999]
    assert chosen(numbers[:5], 5).tolist() == [0, 1, 2, 3, 4]


def test_how_often_real_scores_are_above_generated_ones() -> None:
    """All, none, half where they are alike; equal ones count half."""
    one, two = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 0.5])
    assert [told_apart(one, two), told_apart(two, one), told_apart(one, one)] == [1.0, 0.0, 0.5]


def test_a_learner_of_pictures_scores_them_above_held_out_ones(tmp_path: Path) -> None:
    """A discriminator that has seen eight pictures two hundred times knows them: the share of overfit goes up from nothing."""
    config = replace(CONFIG, method=Gan(network=Dcgan(width=16, latent=8), penalties={}), kimg=1.6, sample_kimg=1.6)
    loop.train(learner(config.method), TRAIN[:8], config, MACHINE, tmp_path, HELDOUT)
    first, last = read(tmp_path / "watch.jsonl")
    assert abs(first["score_train"] - first["score_heldout"]) < 3 * first["score_error"]
    assert last["score_train"] - last["score_heldout"] > 3 * last["score_error"]


def test_pictures_that_are_withheld_are_not_taken_for_those_that_it_learns_from(tmp_path: Path) -> None:
    """The judge is asked about rows that are shown, and about no others."""
    rows = np.arange(4, 12)
    lookout = Lookout(learner(CONFIG.method), TRAIN[:32], HELDOUT, 0, tmp_path, rows=rows)
    apart = Lookout(learner(CONFIG.method), TRAIN[4:12], HELDOUT, 0, tmp_path)
    lookout.look(0, 0.0), apart.look(0, 0.0)
    first, second = read(tmp_path / "watch.jsonl")
    assert first["score_train"] == pytest.approx(second["score_train"], rel=1e-6)


def test_without_held_out_pictures_only_sheets_are_drawn(tmp_path: Path) -> None:
    """A data set may have none, or one, of which there is no spread."""
    for name, heldout in (("none", HELDOUT[:0]), ("one", HELDOUT[:1])):
        assert Lookout(learner(), TRAIN, heldout, 0, tmp_path / name).look(0, 0.0) == []
        assert not (tmp_path / name / "watch.jsonl").exists()
        assert (tmp_path / name / "samples" / "kimg-000000.png").exists()


# Patience


def looks(*distances: float, error: float = 1.0, other: float | None = None) -> list[dict[str, float]]:
    """Looks every 10 kimg."""
    second = {} if other is None else {"coarse_fd": other, "coarse_fd_error": 0.1}
    return [{"images": 10_000 * n, "quick_fd": d, "quick_fd_error": error, **second} for n, d in enumerate(distances)]


@pytest.mark.parametrize(
    ("seen", "over"),
    [
        (looks(100, 90, 90, 90), False),
        (looks(100, 90, 90, 90, 90), True),
        (looks(100, 90, 89.5, 89.4, 89.2), True),
        (looks(100, 90, 89.5, 88.9, 88.5), False),
        (looks(100, 90, 95, 97, 99), True),
        (looks(100, 90, 90, 90, 90, error=20.0), True),
        ([*looks(100, 90, 90, 90, other=5.0), looks(*[90] * 5, other=4.0)[-1]], False),
        ([], False),
        ([{"images": 0}, {"images": 90_000}], False),
    ],
)
def test_patience_ends_where_no_distance_gets_better_by_more_than_its_error(seen: list[dict[str, float]], over: bool) -> None:
    """For 30 kimg; many small steps count as one large one; either distance will do; without any there is no end."""
    assert stalled(seen, 30) == over
    assert not stalled(seen, 0)


@pytest.fixture
def dataset(tmp_path: Path) -> Store:
    """40 pictures to learn from, 20 held out."""
    pictures = np.stack([pixels(seed, 16) for seed in range(60)])
    return Store.open(store(tmp_path / "dataset", pictures[:40], pictures[40:]))


def test_a_run_ends_early_and_counts_as_finished(dataset: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No better after 80 pictures, patience for 80: it ends at 160 of 400 and publishes the model of 80, and says so.

    What is published draws what was seen to be best, not what came after. The same command again has nothing to do, and leaves
    the same bytes.
    """
    config = replace(CONFIG, kimg=0.4, patience_kimg=0.08)
    done = train(dataset, config, tmp_path / "model", tmp_path / "runs", Falling(tmp_path, until=80))
    assert (done.images, done.stopped_by) == (160, None)
    said = capsys.readouterr().out
    assert "Ended after 0.16 kimg of 0.4: no better for 0.08 kimg (train.patience_kimg)." in said
    assert "It was best after 0.08 kimg; that model is published." in said
    card = json.loads((tmp_path / "model" / "model.json").read_text())
    assert card["kimg"] == 0.08
    short = train(dataset, replace(config, patience_kimg=0.0, kimg=0.08), tmp_path / "short", tmp_path / "runs", None)
    assert short.images == 80
    assert np.array_equal(*(draw(load_model(tmp_path / name).generator, 8, 3, seed=1) for name in ("model", "short")))
    kept = sorted(int(path.name) for path in (done.run / "checkpoints").iterdir())
    assert kept == [80, 152, 160], "the best one, and the last two"
    assert [look["images"] for look in read(tmp_path / "model" / "watch.jsonl")] == [0, 40, 80, 120, 160]
    before = {path: path.read_bytes() for path in (tmp_path / "model").rglob("*.*")}
    again = train(dataset, config, tmp_path / "model", tmp_path / "runs", Falling(tmp_path, until=80))
    assert again == done
    assert {path: path.read_bytes() for path in (tmp_path / "model").rglob("*.*")} == before


def test_a_run_that_was_killed_ends_early_at_the_same_place(
    dataset: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks before the kill count; the model is the same, byte for byte."""
    config = replace(CONFIG, kimg=0.4, patience_kimg=0.08)
    train(dataset, config, tmp_path / "a" / "model", tmp_path / "a" / "runs", Falling(tmp_path / "a", until=80))
    made, step = learner(), type(learner()).step

    def dying(self: Any, batch: Batch) -> dict[str, torch.Tensor]:
        if batch.images == 136:
            raise Killed
        return step(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(type(made), "step", dying)
        with pytest.raises(Killed):
            train(dataset, config, tmp_path / "b" / "model", tmp_path / "b" / "runs", Falling(tmp_path / "b", until=80))
    done = train(dataset, config, tmp_path / "b" / "model", tmp_path / "b" / "runs", Falling(tmp_path / "b", until=80))
    assert done.images == 160
    for path in (tmp_path / "a" / "model").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / "model" / path.relative_to(tmp_path / "a" / "model")).read_bytes(), (
            path.name
        )


def test_a_run_that_gets_better_is_not_ended(dataset: Store, tmp_path: Path) -> None:
    """Nor one without patience set."""
    for patience, until in ((0.08, 400), (0.0, 0)):
        folder = tmp_path / str(until)
        config = replace(CONFIG, kimg=0.24, patience_kimg=patience)
        assert train(dataset, config, folder / "model", folder / "runs", Falling(folder, until=until)).images == 240


def test_patience_of_a_single_look_is_refused() -> None:
    """One look that is worse by chance must not end a run."""
    with pytest.raises(ValueError, match="must have a patience_kimg of at least two looks, 20 where sample_kimg is 10"):
        replace(CONFIG, sample_kimg=10, patience_kimg=15)
    knobs = {"method": "glo", "kimg": 1.0, "patience_kimg": -1.0}
    with pytest.raises(ValidationError, match="patience_kimg"):
        TypeAdapter(TrainConfig).validate_python(knobs)


# The watch that tasks hand in


def test_the_onlooker_says_what_comes_and_what_goes() -> None:
    """Once each; what stays is not said again."""
    onlooker = Onlooker(HELDOUT, TRAIN)
    said = [onlooker.remarks(run.history, run.looks) for run in (a_run(), SICK["oscillation"], SICK["oscillation"], a_run())]
    assert [len(lines) for lines in said] == [0, 1, 0, 1]
    assert said[1][0].startswith("10.0 kimg  oscillation: The run goes round in circles")
    assert said[3] == ["10.0 kimg  oscillation is over."]


def test_the_onlooker_of_a_data_set_knows_its_labels(dataset: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the held-out pictures, in their order."""
    monkeypatch.setattr(quick, "VIEWS", {"coarse": quick.VIEWS["coarse"]})
    dataset.manifest["label.kind"] = [f"kind {number}" for number in range(60)]
    onlooker = Onlooker.of(dataset)
    assert onlooker.number == 20
    assert onlooker._labels["kind"].tolist() == [f"kind {number}" for number in range(40, 60)]
    assert onlooker.scores(dataset.train[:20])["quick_number"] == 20
