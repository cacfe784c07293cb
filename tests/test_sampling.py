"""Sampling: the same seed gives the same pictures, walks keep to where codes are."""

import numpy as np
import pytest
import torch

from ganlib.nets.dcgan import Dcgan
from ganlib.sampling.draw import codes_for, draw, to_uint8
from ganlib.sampling.grid import grid
from ganlib.sampling.interpolate import spherical


@pytest.fixture(scope="module")
def generator() -> torch.nn.Module:
    torch.manual_seed(0)
    return Dcgan(width=8, latent=8).generator(16, 3)


def test_a_seed_gives_the_same_pictures_however_many_are_asked_for(generator: torch.nn.Module) -> None:
    """Picture 70 is the same to the bit when 3, 71 or 130 are drawn, and when drawing begins at it."""
    many = draw(generator, 8, 130, seed=5)
    assert np.array_equal(draw(generator, 8, 3, seed=5), many[:3])
    assert np.array_equal(draw(generator, 8, 71, seed=5), many[:71])
    assert np.array_equal(draw(generator, 8, 1, seed=5, first=70), many[70:71])


def test_other_seeds_give_other_pictures(generator: torch.nn.Module) -> None:
    """Also neighbouring seeds share no picture."""
    assert not np.array_equal(draw(generator, 8, 4, seed=5), draw(generator, 8, 4, seed=6))


def test_codes_are_standard_normal() -> None:
    """Mean 0 and variance 1 within five standard errors, over 2,000 codes of 16."""
    codes = codes_for(0, range(2000), 16).double()
    assert abs(codes.mean().item()) < 5 / 32000**0.5
    assert abs(codes.var().item() - 1) < 5 * (2 / 32000) ** 0.5


def test_levels_are_rounded_to_the_nearest() -> None:
    """-1, 0 and 1 become 0, 128 (127.5 rounded to even) and 255; what lies outside is clipped."""
    pictures = torch.tensor([-1.5, -1.0, 0.0, 1.0, 1.5]).reshape(1, 1, 1, 5)
    assert to_uint8(pictures).flatten().tolist() == [0, 0, 128, 255, 255]


def test_drawing_leaves_the_generator_as_it_was(generator: torch.nn.Module) -> None:
    """Drawn from in the middle of training, a norm's statistics do not move and training mode stays on."""
    generator.train()
    before = [buffer.clone() for buffer in generator.buffers()]
    draw(generator, 8, 10, seed=0)
    assert generator.training
    assert all(torch.equal(a, b) for a, b in zip(before, generator.buffers(), strict=True))


def test_a_walk_begins_and_ends_at_its_codes_and_keeps_the_norm() -> None:
    """Between two codes of equal length all steps have that length; the straight way would cut through the inside."""
    start, end = torch.eye(8)[0] * 3, torch.eye(8)[1] * 3
    walk = spherical(start, end, 5)
    torch.testing.assert_close(walk[0], start)
    torch.testing.assert_close(walk[-1], end)
    torch.testing.assert_close(walk.norm(dim=1), torch.full((5,), 3.0))
    torch.testing.assert_close(walk[2], (start + end) / 2**0.5)


def test_a_walk_to_where_one_is_stays_there() -> None:
    """No division by the sine of no angle."""
    code = torch.randn(8)
    torch.testing.assert_close(spherical(code, code, 4), code.expand(4, 8))


def test_a_grid_shows_every_picture_enlarged_in_reading_order() -> None:
    """Five pictures in three columns, twice as large: picture 3 begins the second row, the sixth place is paper."""
    pictures = np.arange(5, dtype=np.uint8)[:, None, None, None].repeat(4, 1).repeat(4, 2).repeat(3, 3)
    sheet = grid(pictures, columns=3, scale=2, gap=1)
    assert sheet.shape == (19, 28, 3)
    assert (sheet[10:18, 1:9] == 3).all()
    assert (sheet[10:18, 19:27] == 255).all()
