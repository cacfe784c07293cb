"""The step train: what it tells of a model that is not the last one."""

import shutil
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawing import pixels
from promoting import PROJECT, model, project
from recording import append, curve, runs
from test_evaluate import store as dataset

import ganlib.training.publish
import tasks.live
from ganlib.config import Params, load
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.training.config import TrainConfig
from ganlib.training.device import Machine
from ganlib.training.publish import Trained
from tasks import places, record, train
from tasks.tracking import worker

__all__ = ["project"]


@pytest.fixture
def params(project: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """A training of 14 kimg that was best after 13: that model lies in artifacts/model, beside the whole history."""
    shutil.copy(PROJECT / "params.yaml", project)
    dataset(places.DATASET, *np.split(np.stack([pixels(seed, 16) for seed in range(12)]), [8]))
    model(1)
    append(places.MODEL / "history.jsonl", 12.5, 13.0, 14.0)
    monkeypatch.setattr(record, "ask", lambda *_: (worker.send(), ""))
    return replace(load(), train=TrainConfig(Gan(network=Dcgan(width=4, latent=6)), kimg=14))


def test_the_numbers_of_the_best_model_are_its_own(params: Params) -> None:
    """Curves go on to the end; what was published has its numbers under names of their own, and the model its place."""
    told = train.record(params)
    assert (told.metrics["published/kimg"], told.metrics["published/loss_g"]) == (13.0, 169.0)
    record.publish(replace(told, model=None))
    (run,) = runs("train")
    assert run.data.metrics["published/loss_g"] == 169.0
    assert curve(run, "loss_g")[-1] == (14000, 196.0)


def test_the_numbers_of_the_last_model_are_the_last_ones(params: Params) -> None:
    """Without patience nothing comes after it."""
    (places.MODEL / "history.jsonl").unlink()
    append(places.MODEL / "history.jsonl", 12.5, 13.0)
    assert train.record(params).metrics == {"kimg": 13.0, "loss_g": 169.0, "time/images_per_second": 80.0}


def test_what_is_said_is_how_far_the_published_model_came(
    params: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not how long the training went on afterwards."""
    done = Trained(14_000, places.RUNS, Machine("cpu", "float32", 1), None)
    monkeypatch.setattr(ganlib.training.publish, "train", lambda *_: done)
    monkeypatch.setattr(tasks.live, "Live", lambda *_: nullcontext())
    monkeypatch.setattr(train, "publish", lambda _: True)
    monkeypatch.setattr(sys, "argv", ["train"])
    train.main()
    assert capsys.readouterr().out.startswith("Model in artifacts/model, after 13.0 kimg.")
