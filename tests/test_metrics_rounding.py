"""Features in bf16: used where that changes the scores by less than their errors, and said; not where it changes more."""

import sys
from dataclasses import replace
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from ganlib.metrics.config import BACKENDS, EvaluateConfig
from ganlib.metrics.evaluate import evaluate
from ganlib.metrics.extractors import load_extractor
from ganlib.metrics.features import extract
from ganlib.metrics.fingerprint import compare

ROUNDING = "rounding_for_tests"


def pictures(seed, spread=60.0):
    """[200, 8, 8, 3]: noise about a grey that is each picture's own."""
    rng = np.random.default_rng(seed)
    greys = rng.normal(128, 30, (200, 1, 1, 3))
    return (greys + rng.normal(0, spread, (200, 8, 8, 3))).clip(0, 255).astype(np.uint8)


class Coarse(nn.Module):
    """A network whose outputs are rounded to multiples of `step`."""

    def __init__(self, network, step):
        super().__init__()
        self.network, self.step = network, step

    def forward(self, x):
        return (self.network(x) / self.step).round() * self.step


@pytest.fixture
def rounding(monkeypatch):
    """A function that makes a backend, whose features are rounded to multiples of its argument, the one that `scores` names."""

    def to(step):
        module = ModuleType(ROUNDING)
        module.on_backend = lambda exact: replace(
            exact, rounded=replace(exact, network=Coarse(exact.network, step), backend=f"to {step}")
        )
        monkeypatch.setitem(sys.modules, ROUNDING, module)
        monkeypatch.setitem(BACKENDS, ROUNDING, ROUNDING)

    return to


def scores(backend="torch"):
    config = EvaluateConfig("pixels", size=4, backend=backend)
    return evaluate(pictures(1, 70.0), pictures(2), pictures(3), config)


def values(found):
    return {score.name: (score.value, score.error, score.floor) for score in found}


class TestRounding:
    """A backend that rounds."""

    def test_what_matters_little_is_kept_and_said(self, rounding, capsys):
        """Features off by a hundredth: the scores are those of rounded features, and compare with exact ones."""
        rounding(0.01)
        found, exact = scores(ROUNDING), scores()
        assert values(found) != values(exact)
        for one, other in zip(found, exact, strict=True):
            found_better = compare(one, other)
            assert not found_better.clear
            assert not found_better.clearly_worse
        said = capsys.readouterr().out
        assert "evaluate.backend: rounding changes fd by " in said
        assert "on 128 pictures of each kind; it is kept." in said

    def test_what_changes_the_scores_is_not_used(self, rounding, capsys):
        """Features off by half of what they range over: the scores are those in float32, to the bit."""
        rounding(1.0)
        found = scores(ROUNDING)
        assert values(found) == values(scores())
        assert "that is too much: features are computed in float32." in capsys.readouterr().out


@pytest.mark.skipif(find_spec("openvino") is None, reason="needs the extra `openvino`")
class TestOpenVino:
    """OpenVINO in bf16."""

    CONFIG = EvaluateConfig(backend="openvino_bf16")

    @pytest.mark.skipif(not torch.cpu._is_avx512_bf16_supported(), reason="needs a processor with instructions for bf16")
    def test_features_are_near_and_the_exact_ones_are_at_hand(self):
        """Off by less than a tenth of their norm, as 8 bits leave after fifty layers; beside them those in float32."""
        shown = pictures(1)
        exact, plain = load_extractor(self.CONFIG), extract(shown, load_extractor(EvaluateConfig()), quiet=True)
        off = np.linalg.norm(extract(shown, exact.rounded, quiet=True) - plain) / np.linalg.norm(plain)
        assert 1e-4 < off < 0.1
        assert np.abs(extract(shown, exact, quiet=True) - plain).max() <= 1e-5 * np.abs(plain).max()

    def test_where_bf16_would_be_emulated_it_is_float32(self, monkeypatch, capsys):
        """Said in one line."""
        from openvino import Core

        monkeypatch.setattr(Core, "get_property", lambda *_: ["FP32"])
        found = load_extractor(self.CONFIG)
        assert found.rounded is None
        assert capsys.readouterr().out == (
            "evaluate.backend: this processor has no instructions for bf16; features are computed in float32.\n"
        )
