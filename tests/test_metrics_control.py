"""Measured control: agreement, correlation, what else changes, and combinations that were withheld."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from test_conditional import bars, read, store

from ganlib.conditions.attribute import Attribute
from ganlib.methods.conditional import Conditional
from ganlib.metrics import classifier
from ganlib.metrics.classifier import classifier_for
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.control import agreement, control, leakage, to_json
from ganlib.metrics.withheld import seen_like
from ganlib.nets.mlp import Mlp
from ganlib.pictures.store import Store
from ganlib.training.config import TrainConfig
from ganlib.training.publish import train
from tasks import control as task

__all__ = ["store"]


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some lessons are enough for bars."""
    monkeypatch.setattr(classifier, "SHOWN", 12_800)


class TestMeasures:
    def test_classes_agree_by_their_share(self):
        """Three of four; pictures that lack the label are of the class "none"."""
        attribute = Attribute.of("colour", ["red", "blue", None, "red"])
        measure, value, error = agreement(attribute, ["red", "blue", None, "red"], np.array([2.0, 0.0, 1.0, 1.0]))
        assert (measure, value) == ("agreement", 0.75)
        assert 0 < error < 0.5

    def test_numbers_correlate(self):
        """As scipy has it, with Fisher's standard error; a generator that does not mind has none."""
        rng = np.random.default_rng(0)
        asked = rng.uniform(0, 1, 400)
        seen = asked + rng.normal(0, 0.2, 400)
        attribute = Attribute.of("length", asked.tolist())
        measure, r, error = agreement(attribute, asked.tolist(), seen)
        assert measure == "r"
        assert r == pytest.approx(stats.pearsonr(asked, seen).statistic)
        low, high = stats.pearsonr(asked, seen).confidence_interval(0.6827)
        assert error == pytest.approx((high - low) / 2, rel=0.02)
        assert agreement(attribute, asked.tolist(), np.ones(400))[1] == 0

    def test_what_else_changes_is_told_of_the_others_alone(self):
        """One of four classes is another one; numbers move by half a deviation."""
        before = {"a": np.array([0.0, 1, 2, 3]), "b": np.array([0.0, 1, 0, 1]), "c": np.array([0.1, 0.2, 0.3, 0.4])}
        after = {"a": np.array([3.0, 2, 1, 0]), "b": np.array([0.0, 1, 0, 0]), "c": before["c"] + 0.5 * before["c"].std()}
        assert leakage(before, after, "a") == {"b": 0.25, "c": pytest.approx(0.5)}

    def test_real_pictures_asked_for_their_own_labels_obey(self, brief, tmp_path):
        """In the place of what is drawn, held-out bars: as good as the classifier can tell, in JSON as the report reads it."""
        pictures, labels = bars(400, seed=1)
        heldout, truth = bars(100, seed=2)
        judge = classifier_for(pictures, labels, tmp_path)
        found = control(truth, heldout, truth, heldout, judge)
        assert [(one.attribute, one.measure) for one in found] == [("colour", "agreement"), ("length", "r")]
        assert all(one.value == one.real > 0.9 for one in found)
        entry = to_json(found, {"length": {"colour": 0.0}})["length"]
        assert set(entry) == {"r", "error", "real", "n", "changes_else"}


def test_shown_combinations_stand_beside_withheld_ones():
    """Of the same labels, the most frequent first, the withheld ones not among them."""
    columns = {"a": ["x", "x", "y", "y", "y", None], "b": ["1", "1", "2", "2", "2", "1"]}
    found = seen_like([{"a": "y", "b": "2"}], columns, 5)
    assert found == [{"a": "x", "b": "1"}, {"a": "none", "b": "1"}]


def test_combinations_are_withheld_in_whatever_order_their_labels_are_named():
    """And those of fewer labels hide all that have them."""
    columns = {"a": ["x", "x", "y", "z"], "b": ["1", "2", "1", "2"]}
    found = seen_like([{"a": "x", "b": "2"}, {"b": "1", "a": "y"}, {"a": "z"}], columns, 5)
    assert found == [{"a": "x", "b": "1"}]


def test_held_out_pictures_may_have_what_nobody_learnt(brief, tmp_path):
    """A rare class, a number beyond the greatest: they are left out of what the classifier can do, and end nothing."""
    pictures, labels = bars(200, seed=1)
    heldout, truth = bars(40, seed=2)
    odd = {"colour": ["green", *truth["colour"][1:]], "length": [*truth["length"][:-1], 99.0]}
    judge = classifier_for(pictures, labels, tmp_path)
    found = control(truth, heldout, odd, heldout, judge)
    assert [one.attribute for one in found] == ["colour", "length"]


class TestTask:
    def trained(self, store: Store, folder: Path, **knobs: object) -> Path:
        method = Conditional(network=Mlp(width=8, latent=4), conditions=("colour", "length"), penalties={})
        config = TrainConfig(method=method, kimg=0.1, batch=8, device="cpu", threads=1, **knobs)
        train(store, config, folder / "model", folder / "runs")
        return folder / "model"

    def test_a_model_that_can_be_asked_is_measured(self, brief, store, tmp_path):
        """By attribute; an untrained one does not obey, and this is said; withheld combinations are scored apart."""
        combination = {"colour": "red", "length": float(store.manifest["label.length"][0])}
        if store.manifest["label.colour"][0] != "red":
            combination["colour"] = "blue"
        model = self.trained(store, tmp_path, withhold=(combination,))
        config = EvaluateConfig("pixels", size=4, number=100)
        found = task.measure(config, tmp_path / "dataset", model, tmp_path / "control.json", tmp_path / "cache")
        assert json.loads((tmp_path / "control.json").read_text()) == found
        assert found["colour"]["n"] == 100
        assert abs(found["length"]["r"]) < 0.9
        assert found["withheld"]["withheld"][0]["combination"] == combination
        assert found["withheld"]["seen"]
        assert "hair" not in task.lines(found)
        assert set(task.numbers(tmp_path / "control.json")) == {"control_colour", "control_length"}

    def test_factors_that_a_model_found_by_itself_are_not_measured(self, store, tmp_path, capsys):
        """There are no pictures to learn them from; this is said, and no error."""
        method = Conditional(network=Mlp(width=8, latent=4), signal="infogan", classes=(3,), numbers=1, penalties={})
        train(store, TrainConfig(method=method, kimg=0.1, batch=8, device="cpu", threads=1), tmp_path / "m", tmp_path / "runs")
        assert task.measure(EvaluateConfig(), tmp_path / "dataset", tmp_path / "m", tmp_path / "control.json") == {}
        assert "the data set has no label choice1, number1" in capsys.readouterr().err

    def test_a_model_that_cannot_be_asked_has_nothing_measured(self, store, tmp_path):
        """An empty file, for DVC expects one."""
        from ganlib.methods.gan import Gan

        method = Gan(network=Mlp(width=8, latent=4), penalties={})
        train(store, TrainConfig(method=method, kimg=0.1, batch=8, device="cpu", threads=1), tmp_path / "m", tmp_path / "runs")
        assert task.measure(EvaluateConfig(), tmp_path / "dataset", tmp_path / "m", tmp_path / "control.json") == {}
        assert (tmp_path / "control.json").read_text() == "{}\n"


def test_the_reader_of_bars_reads_bars():
    """What other tests measure by: lengths and colours of pictures whose labels are known."""
    pictures, labels = bars(100, seed=3)
    lengths, colours = read(pictures)
    assert lengths.tolist() == labels["length"]
    assert colours.tolist() == labels["colour"]
