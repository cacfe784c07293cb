"""Path lengths against a closed form, and that they see what rounding would hide."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import load_extractor
from ganlib.metrics.path_length import Walks, path_length
from ganlib.sampling.draw import codes_for
from ganlib.sampling.model import Model
from ganlib.sampling.walks import walks

EXTRACTOR = load_extractor(EvaluateConfig("pixels", size=8))
LATENT = 3 * 8 * 8


class Scaled(nn.Module):
    """The code itself as a picture, `factor` times as bright."""

    def __init__(self, factor):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, z):
        return (self.factor * z).reshape(-1, 3, 8, 8)


def model(factor):
    return Model(Scaled(factor), LATENT, 8, 3, "", {})


def test_for_a_linear_generator_it_is_the_speed_along_the_circle():
    """E ‖d/dt factor · z(t) / 2‖², from the derivative of the great circle; to what float32 leaves of a step of 1e-4."""
    factor, number = 0.25, 40
    codes = codes_for(5, range(2 * number), LATENT).double().numpy()
    shares = np.random.default_rng([5, number]).uniform(0, 1 - 1e-4, (number, 1))
    start, end = codes[:number], codes[number:]
    cosine = (start * end).sum(1) / np.linalg.norm(start, axis=1) / np.linalg.norm(end, axis=1)
    angle = np.arccos(cosine)[:, None]
    speed = angle / np.sin(angle) * (np.cos(shares * angle) * end - np.cos((1 - shares) * angle) * start)
    expected = (factor / 2) ** 2 * (speed**2).sum(axis=1)
    found = path_length(walks(model(factor), number, 5), EXTRACTOR)
    assert found.value == pytest.approx(expected.mean(), rel=2e-3)
    assert found.error == pytest.approx(expected.std(ddof=1) / number**0.5, rel=0.05)
    assert found.n == number


def test_twice_the_contrast_is_four_times_the_length():
    """It is a squared distance."""
    one, two = (path_length(walks(model(factor), 30, 0), EXTRACTOR).value for factor in (0.1, 0.2))
    assert two == pytest.approx(4 * one, rel=2e-3)


def test_a_generator_that_draws_one_picture_goes_nowhere():
    """No step, no length."""
    assert path_length(walks(model(0.0), 30, 0), EXTRACTOR).value == 0


def test_levels_are_not_rounded_on_the_way():
    """Steps far below one of 256 levels count; an extractor that rounds is not asked to."""
    here = np.full((4, 8, 8, 3), 100.0, np.float32)
    found = path_length(Walks(here, here + 0.01, 1e-2), replace(EXTRACTOR, rounds=True))
    assert found.value == pytest.approx(LATENT * (0.01 / 255 / 1e-2) ** 2, rel=1e-2)
