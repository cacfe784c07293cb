"""The steps train and sample as plain functions: files in, files out, the same bytes every time."""

import json
import os
import signal
import subprocess
import sys
import time
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import pixels
from test_evaluate import store

from ganlib.errors import AtelierError
from ganlib.methods.base import Batch
from ganlib.methods.gan import Game, Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.nets.infogan import Infogan
from ganlib.pictures.store import Store
from ganlib.sampling.config import SampleConfig
from ganlib.sampling.model import load_model
from ganlib.training.config import TrainConfig
from ganlib.training.publish import Trained, train
from tasks.sample import sample

CONFIG = TrainConfig(Gan(network=Dcgan(width=4, latent=8)), kimg=0.1, batch=10, log_kimg=0.02, sample_kimg=0.05, threads=1)
DRAWN = SampleConfig(number=12, rows=2, columns=3, strips=2, steps=4)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 pictures to learn from and 5 held out."""
    pictures = np.stack([pixels(seed, 16) for seed in range(45)])
    return store(tmp_path_factory.mktemp("data") / "dataset", pictures[:40], pictures[40:])


@pytest.fixture(scope="module")
def trained(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """A model and the run that made it."""
    folder = tmp_path_factory.mktemp("trained")
    return folder / "model", train(Store.open(dataset), CONFIG, folder / "model", folder / "runs")


def test_training_leaves_a_model_that_can_be_drawn_from(trained: tuple[Path, Trained], dataset: Path) -> None:
    """Weights as safetensors, what names the data set, a card, the history without times, sheets of samples; no pickle."""
    folder, done = trained
    assert (done.images, done.stopped_by) == (100, None)
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".safetensors", ".json", ".jsonl", ".png", ".md"}
    card = json.loads((folder / "model.json").read_text())
    assert (card["dataset"], card["size"], card["channels"]) == (Store.open(dataset).digest, 16, 3)
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    assert [line["images"] for line in lines] == [10, 20, 40, 60, 80, 100]  # the first one after the first step
    assert not [name for line in lines for name in line if name.startswith("time/")]
    assert {"loss_d", "loss_g", "gradient_d", "gradient_g", "score_real", "score_fake"} < set(lines[0])
    looks = [json.loads(line) for line in (folder / "watch.jsonl").read_text().splitlines()]
    assert [look["images"] for look in looks] == [0, 50, 100]
    assert {"score_train", "score_heldout", "score_generated"} < set(looks[0])
    assert load_model(folder).generator(torch.zeros(2, 8)).shape == (2, 3, 16, 16)


def test_training_twice_gives_the_same_bytes(trained: tuple[Path, Trained], dataset: Path, tmp_path: Path) -> None:
    """Another run folder, another output folder: every file of the model is equal."""
    train(Store.open(dataset), CONFIG, tmp_path / "model", tmp_path / "runs")
    files = sorted(path.relative_to(tmp_path / "model") for path in (tmp_path / "model").rglob("*") if path.is_file())
    assert len(files) == 8
    for name in files:
        assert (tmp_path / "model" / name).read_bytes() == (trained[0] / name).read_bytes(), name


def test_a_batch_larger_than_the_data_set_is_refused(dataset: Path, tmp_path: Path) -> None:
    """The error says both numbers; nothing is written."""
    with pytest.raises(AtelierError, match="found 41 and 40"):
        train(Store.open(dataset), replace(CONFIG, batch=41), tmp_path / "model", tmp_path / "runs")
    assert not list(tmp_path.iterdir())


def test_a_batch_of_one_is_refused_where_vectors_are_normed_over_it(dataset: Path, tmp_path: Path) -> None:
    """Before anything is written, not by a traceback after the first step."""
    config = replace(CONFIG, batch=1, method=Gan(network=Infogan(latent=8), penalties={}))
    with pytest.raises(AtelierError, match=r"train\.batch: expected at least 2 with the network infogan"):
        train(Store.open(dataset), config, tmp_path / "model", tmp_path / "runs")
    assert not list(tmp_path.iterdir())


def test_a_gpu_that_is_not_there_is_said(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`device: cuda` on a machine without one: a sentence, not a traceback of torch."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(AtelierError, match="no usable GPU was found"):
        train(Store.open(dataset), replace(CONFIG, device="cuda"), tmp_path / "model", tmp_path / "runs")


def test_too_little_memory_is_said_with_a_batch_that_fits(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batch, size, and the next smaller batch that was tried; what had been kept is whole, and named."""
    step, played = Game.step, []

    def cramped(self: Game, batch: Batch) -> dict[str, torch.Tensor]:
        played.append(weakref.ref(self))
        assert played[0]() in (None, self), "the first one holds memory while others are tried"
        if len(batch.real) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return step(self, batch)

    monkeypatch.setattr(Game, "step", cramped)
    expected = r"a step on 10 pictures of 16 × 16 .* are whole\. Set train\.batch to 2, which was tried and fits"
    with pytest.raises(AtelierError, match=expected):
        train(Store.open(dataset), CONFIG, tmp_path / "model", tmp_path / "runs")
    assert not (tmp_path / "model").exists()


def test_samples_are_the_same_every_time(trained: tuple[Path, Trained], tmp_path: Path) -> None:
    """Twice the same seed: equal files; the first pictures of a longer list are those of a shorter one."""
    for name in "ab":
        sample(trained[0], DRAWN, tmp_path / name)
    sample(trained[0], replace(DRAWN, number=60), tmp_path / "more")
    for name in ("pictures.npy", "grid.png", "interpolation.png", "samples.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    pictures = np.load(tmp_path / "a" / "pictures.npy")
    assert pictures.shape == (12, 16, 16, 3)
    assert pictures.dtype == np.uint8
    assert np.array_equal(np.load(tmp_path / "more" / "pictures.npy")[:12], pictures)


@pytest.mark.parametrize("spoilt", ["model.json", "generator.safetensors"])
def test_a_model_that_is_not_whole_is_said(trained: tuple[Path, Trained], tmp_path: Path, spoilt: str) -> None:
    """Cut off in the middle: damaged; not there: run train first. Never a traceback, and no samples."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.json", "generator.safetensors"):
        data = (trained[0] / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2] if name == spoilt else data)
    with pytest.raises(AtelierError, match="damaged"):
        sample(folder, DRAWN, tmp_path / "out")
    (folder / spoilt).unlink()
    with pytest.raises(AtelierError, match="Run the step train first"):
        sample(folder, DRAWN, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_training_process_killed_outright_goes_on(dataset: Path, tmp_path: Path) -> None:
    """kill -9 in mid-run, the same command again: it goes on, says so, and the bytes are those of a run never killed."""
    config = "TrainConfig(Gan(network=Dcgan(width=4, latent=8)), kimg=3, batch=10, checkpoint_kimg=0.1, threads=1)"
    program = (
        "import sys; from pathlib import Path; from ganlib.pictures.store import Store\n"
        "from ganlib.training.config import TrainConfig; from ganlib.training.publish import train\n"
        "from ganlib.methods.gan import Gan; from ganlib.nets.dcgan import Dcgan\n"
        f"train(Store.open(Path({str(dataset)!r})), {config}, Path(sys.argv[1], 'model'), Path(sys.argv[1], 'runs'))"
    )
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    first = subprocess.Popen([sys.executable, "-c", program, str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(killed.glob("runs/*/checkpoints/0*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    assert not (killed / "model").exists()
    for folder in (killed, whole):
        done = subprocess.run(
            [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, timeout=300, check=True
        )
        assert ("Goes on from the checkpoint at" in done.stdout) == (folder == killed)
    for path in (whole / "model").rglob("*.*"):
        assert path.read_bytes() == (killed / "model" / path.relative_to(whole / "model")).read_bytes(), path.name
