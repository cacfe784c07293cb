"""The space of codes, walked and steered: each way changes what it says, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
import torch
from linear import Linear, model_of

from ganlib.conditions.attribute import Attribute
from ganlib.conditions.conditions import Conditions
from ganlib.errors import AtelierError
from ganlib.methods.conditional import Conditional
from ganlib.nets.dcgan import Dcgan
from ganlib.pictures.tables import parquet_bytes
from ganlib.sampling.asked import asked_of, codes_of, table_of, values_of, wishes
from ganlib.sampling.bounds import counted
from ganlib.sampling.draw import codes_for
from ganlib.sampling.interpolate import walk
from ganlib.sampling.mixing import mixed
from ganlib.sampling.model import TOGETHER, Model, load_model, write_model
from ganlib.sampling.space import parted
from ganlib.sampling.strip import attribute_strip, coordinate_strip, direction_strip
from ganlib.sampling.truncation import truncated
from ganlib.sampling.walks import walks

HAIR = Attribute.of("hair", ["red", "red", "red", "blond", "black"])
LENGTH = Attribute.of("length", [0.1, 0.2, 0.4, 0.9])
GLASSES = Attribute.of("glasses", [None, None, None, "round"])
GIVEN = Conditions((HAIR, LENGTH, GLASSES))
FREE, LATENT = 8, 11


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published model that was never trained, with conditions."""
    folder = tmp_path_factory.mktemp("model")
    method = Conditional(network=Dcgan(width=4, latent=FREE), conditions=tuple(GIVEN.names))
    torch.manual_seed(0)
    card = {"size": 16, "channels": 3, "latent": LATENT, "conditions": GIVEN.plain(), "dataset": "none", "kimg": 0}
    write_model(folder, {"generator": method.given(GIVEN, 16, 3)}, method, card)
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load_model(folder)


def test_a_walk_asks_for_nothing_that_neither_end_asks_for(model: Model) -> None:
    """Between two that ask for hair of the same length all have it; a class changes once, in the middle; ends are ends."""
    start, end = GIVEN.turned(codes_for(0, range(2), LATENT), {"length": 0.8})
    start, end = (GIVEN.turned(code[None], {"hair": hair})[0] for code, hair in ((start, "black"), (end, "red")))
    codes = walk(start, end, 8, GIVEN)
    torch.testing.assert_close(codes[[0, -1]], torch.stack([start, end]))
    asked = values_of(model, codes)
    assert asked["length"] == pytest.approx([0.8] * 8, abs=1e-6)
    assert asked["hair"] == ["black"] * 4 + ["red"] * 4


def test_the_straight_way_leads_through_the_inside() -> None:
    """Half way between two codes at right angles it is at 1 / √2 of their length, where the great circle keeps the length."""
    start, end = 3 * torch.eye(8)[0], 3 * torch.eye(8)[1]
    assert walk(start, end, 3, way="straight")[1].norm() == pytest.approx(3 / 2**0.5)
    assert walk(start, end, 3)[1].norm() == pytest.approx(3)
    with pytest.raises(AtelierError, match="one of spherical, straight"):
        walk(start, end, 3, way="sphericle")


def test_truncation_touches_the_free_numbers_alone() -> None:
    """They come nearer to 0 by ψ; what is asked for stays."""
    codes = codes_for(0, range(5), LATENT)
    (free, asking), (near, still) = parted(codes, GIVEN), parted(truncated(codes, 0.5, GIVEN), GIVEN)
    assert torch.equal(near, free / 2)
    assert torch.equal(still, asking)
    with pytest.raises(AtelierError, match=r"truncation: expected a number from 0 to 1, found -1"):
        truncated(codes, -1)


def test_a_mixture_is_of_the_first_but_for_what_is_taken_from_the_second() -> None:
    """At share 0 it is the first code with the second one's length of hair, at 1 the second one's free numbers."""
    first, second = codes_for(0, range(2), LATENT)
    nothing, all_of_it = (mixed(first, second, share, GIVEN, ["length"]) for share in (0, 1))
    torch.testing.assert_close(nothing[:FREE], first[:FREE])
    torch.testing.assert_close(all_of_it[:FREE], second[:FREE])
    assert nothing[FREE:].tolist() == [first[FREE], second[FREE + 1], first[FREE + 2]]


def test_a_strip_changes_its_attribute_alone(model: Model) -> None:
    """Of a class all values come in turn, of a number even steps from its least to its greatest; no other number moves."""
    code = codes_for(0, range(1), LATENT)[0]
    for name, place, values in (("hair", 0, ["black", "blond", "red"]), ("length", 1, [0.1, 0.5, 0.9])):
        strip = attribute_strip(code, GIVEN, name, steps=3)
        assert list(strip.values) == pytest.approx(values)
        assert values_of(model, strip.codes)[name] == pytest.approx(values, abs=2e-3)  # a code asks for 1 in 10,000 at most
        others = [number for number in range(LATENT) if number != FREE + place]
        assert torch.equal(strip.codes[:, others], code[others].expand(3, -1))


def test_a_coordinate_or_a_direction_is_swept_through_the_code() -> None:
    """The number goes from -3 to 3; along a direction the code itself is in the middle."""
    code = codes_for(0, range(1), LATENT)[0]
    strip = coordinate_strip(code, 2, steps=5)
    assert strip.codes[:, 2].tolist() == [-3, -1.5, 0, 1.5, 3]
    assert torch.equal(strip.codes[:, 3:], code[3:].expand(5, -1))
    assert torch.equal(direction_strip(code, torch.eye(LATENT)[1], steps=3).codes[1], code)
    with pytest.raises(AtelierError, match="expected one from 0 to 10, found 11"):
        coordinate_strip(code, 11)


def test_wishes_are_understood_or_answered_with_what_is_valid() -> None:
    """The valid names and values come with the nearest one first; a very long text is cut, a number out of range refused."""
    assert wishes(["hair=red", "length=0.3", "glasses = none", "hair=blond"], GIVEN) == {
        "hair": "blond",
        "length": 0.3,
        "glasses": "none",
    }
    for wish, answer in (
        ("lenght=1", r"lenght: expected one of the model's attributes \(length, hair, glasses\)"),
        ("hair=rad", "hair: expected one of red, black, blond; found rad"),
        ("length=2", "length: expected a number from 0.1 to 0.9, found 2"),
        ("length=nan", "length: expected a number from 0.1 to 0.9, found nan"),
        ("hair", "hair: expected an attribute and its value, as in hair_colour=red"),
        (100_000 * "x", f"^{80 * 'x'}: expected an attribute and its value"),
        (f"hair={100_000 * 'x'}", f"found {80 * 'x'}. Nothing"),
    ):
        with pytest.raises(AtelierError, match=answer):
            wishes([wish], GIVEN)
    with pytest.raises(AtelierError, match="found one that was trained without conditions"):
        wishes(["hair=red"], None)


@pytest.mark.parametrize("number", [0, -3, 10**12, "many", "9" * 100_000, 1.5, True])
def test_absurd_counts_are_refused(number: object) -> None:
    """Below one, beyond a million, no number at all."""
    with pytest.raises(AtelierError, match=r"--number: expected a whole number from 1 to 1,000,000, found"):
        counted("--number", number)


def test_conditions_are_drawn_as_they_went_together(folder: Path) -> None:
    """Where the model knows its pictures' labels, only combinations that they had are asked for, and picture i asks for the same
    however many are drawn; and what the codes ask for is what the table says."""
    columns = {"hair": ["red", "black"], "length": [0.9, 0.1], "glasses": [None, "round"]}
    (folder / TOGETHER).write_bytes(parquet_bytes(table_of(columns)))
    model = load_model(folder)
    asked = asked_of(model, 50, seed=3)
    assert asked is not None
    assert set(zip(*asked.values(), strict=True)) == {("red", 0.9, None), ("black", 0.1, "round")}
    later = asked_of(model, 20, seed=3, first=30)
    assert later == {name: values[30:] for name, values in asked.items()}
    codes = codes_of(model, 50, seed=3)
    told = values_of(model, codes)
    assert (told["hair"], told["glasses"]) == (asked["hair"], asked["glasses"])
    assert told["length"] == pytest.approx(asked["length"], abs=2e-3)
    assert torch.equal(codes[:, :FREE], codes_for(3, range(50), LATENT)[:, :FREE])
    (folder / TOGETHER).unlink()


def test_without_that_knowledge_codes_are_those_of_the_seed(model: Model) -> None:
    """Standard normal numbers ask for each attribute by itself; the table has a column for each, as data sets have them."""
    codes = codes_of(model, 400, seed=3)
    assert torch.equal(codes, codes_for(3, range(400), LATENT))
    table = table_of(values_of(model, codes)).to_pandas()
    assert list(table.columns) == ["label.hair", "label.length", "label.glasses"]
    red, bare = (table["label.hair"] == "red").mean(), table["label.glasses"].isna().mean()
    assert red == pytest.approx(0.6, abs=5 * (0.24 / 400) ** 0.5)
    assert bare == pytest.approx(0.75, abs=5 * (0.19 / 400) ** 0.5)


def test_a_path_is_measured_between_portraits_that_ask_for_the_same() -> None:
    """A generator that draws nothing but what is asked for has a path of no length: no step leaps from a class to another."""
    matrix = torch.zeros(48, LATENT)
    matrix[:, FREE:] = 0.1
    steps = walks(model_of(Linear(matrix), LATENT, conditions=GIVEN), 20, seed=0)
    assert np.array_equal(steps.here, steps.there)
    assert len({picture.tobytes() for picture in steps.here}) > 1
