"""Projection: a picture's code is found again, and whatever a person hands in comes to form or is refused."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from linear import SIDE, Linear, gauge, model_of, orthogonal
from PIL import Image

from ganlib.conditions.attribute import Attribute
from ganlib.conditions.conditions import Conditions
from ganlib.errors import AtelierError
from ganlib.pictures.formed import formed, read_formed
from ganlib.sampling.draw import codes_for, decode
from ganlib.sampling.model import Model
from ganlib.sampling.project import project, read_off


@pytest.fixture(scope="module")
def model() -> Model:
    """Two layers of tanh: curved, and not to be turned around by a formula."""
    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Linear(6, 32), torch.nn.Tanh(), Linear(torch.randn(48, 32) / 6), torch.nn.Tanh())
    return model_of(layers)


def test_the_code_of_a_drawn_picture_draws_it_again(model: Model) -> None:
    """To two of 255 levels, root mean square, where rounding alone costs 0.3 and another code's picture is off by 20 and more."""
    pictures = decode(model.generator, codes_for(9, range(3), 6))
    for picture in pictures:
        found = project(model, picture)
        assert found.error < 2
        assert found.error == pytest.approx(np.sqrt(np.mean((found.reconstruction.astype(float) - picture) ** 2)))
        assert np.array_equal(decode(model.generator, found.code[None])[0], found.reconstruction)
    assert np.sqrt(np.mean((pictures[0].astype(float) - pictures[1]) ** 2)) > 20


def test_the_same_picture_has_the_same_code(model: Model) -> None:
    """And leaves no gradients with the generator."""
    picture = decode(model.generator, codes_for(9, range(1), 6))[0]
    first, second = (project(model, picture, steps=5) for _ in range(2))
    assert torch.equal(first.code, second.code)
    assert all(parameter.grad is None for parameter in model.generator.parameters())


def test_more_steps_come_nearer(model: Model) -> None:
    """Of a picture that the model cannot draw, too."""
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    assert project(model, picture, steps=100).error < project(model, picture, steps=0).error


def test_conditions_are_read_off_and_held() -> None:
    """The code asks for what the picture shows; a number beyond what the model knows becomes the nearest that it knows, and what
    the reader cannot read is not asked for."""
    given = Conditions((Attribute("brightness", knots=(100.0, 150.0)), Attribute("tint", ("none", "red"), (0.5, 0.5))))
    model = model_of(Linear(0.1 * orthogonal(48, 8, 0)), 8, conditions=given)
    red = np.full((SIDE, SIDE, 3), (255, 60, 60), np.uint8)
    found = project(model, red, gauge(), steps=3)
    assert found.asked == {"brightness": 125.0, "tint": "red"}
    torch.testing.assert_close(found.code[6:], given.asked({"brightness": [125.0], "tint": ["red"]})[0])
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    assert read_off(model, white, gauge()) == {"brightness": 150.0, "tint": "none"}
    assert read_off(model, white, gauge(tint=0.1)) == {"brightness": 150.0}
    blue = np.full((SIDE, SIDE, 3), (60, 60, 255), np.uint8)
    with pytest.raises(AtelierError, match="tint: expected one of none, red; found blue"):
        project(model, blue, gauge())


def test_pictures_of_another_form_are_refused(model: Model) -> None:
    """It says which form is expected."""
    with pytest.raises(AtelierError, match=r"Expected a picture uint8 \[4, 4, 3\] to project, found uint8 \[8, 8, 3\]"):
        project(model, np.zeros((8, 8, 3), np.uint8))


def encoded(picture: Image.Image, form: str = "PNG") -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "1"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_of_any_size_and_kind_comes_to_form(mode: str, channels: int) -> None:
    """Its middle square, so many pixels a side, in as many channels as the model draws."""
    picture = Image.new("RGB", (90, 40), "white").convert(mode)
    found = formed("mine", encoded(picture, "TIFF" if mode == "CMYK" else "PNG"), 16, channels)
    assert found.shape == (16, 16, channels)
    assert found.dtype == np.uint8
    assert found.min() > 250


def test_what_is_transparent_is_white() -> None:
    """As in the data set."""
    assert formed("mine", encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 0))), 16, 3).min() == 255


@pytest.mark.parametrize(
    ("data", "why"), [(b"", "empty-file"), (b"no picture", "not-a-picture"), (encoded(Image.new("L", (9, 9)))[:50], "truncated")]
)
def test_garbage_is_refused_with_its_reason(data: bytes, why: str) -> None:
    """The file's name, what was expected, and why not."""
    with pytest.raises(AtelierError, match=rf"mine.png: expected a picture .* found one that is refused: {why}"):
        formed("mine.png", data, 16, 3)


def test_a_place_without_a_picture_is_refused(tmp_path: Path) -> None:
    """Nothing there, a folder."""
    with pytest.raises(AtelierError, match="found nothing there"):
        read_formed(tmp_path / "none.png", 16, 3)
    with pytest.raises(AtelierError, match="found a folder there"):
        read_formed(tmp_path, 16, 3)
