"""What is asked for becomes the code that draws it, or one sentence that says what was wrong in which row."""

from typing import Any

import pytest
import torch
from wishing import ASKED

from ganlib.errors import AtelierError
from ganlib.sampling.draw import codes_for
from ganlib.sampling.wishes import MOST, codes_of, wishes

LATENT = 8  # six free numbers, and two that ask


def _codes(*rows: dict[str, Any]) -> torch.Tensor:
    return codes_of(wishes(rows, LATENT, ASKED), LATENT, ASKED)


def test_a_seed_is_the_code_that_everybody_draws_from_it() -> None:
    """`index` counts a seed's pictures as `draw` does; gaps in a column leave whole numbers as 7.0, and do not matter."""
    assert torch.equal(_codes({"seed": 7}), codes_for(7, [0], LATENT))
    assert torch.equal(
        _codes({"seed": 7.0, "index": 4.0, "hair": None}, {"seed": 8}),
        torch.cat([codes_for(7, [4], LATENT), codes_for(8, [0], LATENT)]),
    )


def test_what_is_wanted_is_asked_for_and_the_rest_left() -> None:
    """By a column of its name or in `conditions`, as a mapping or as JSON; the free numbers stay the seed's."""
    plain = codes_for(3, [0], LATENT)
    expected = ASKED.turned(plain, {"hair": "red", "length": 0.5})
    for row in (
        {"hair": "red", "length": 0.5},
        {"conditions": {"hair": "red", "length": 0.5}},
        {"conditions": '{"hair": "red"}', "length": "0.5"},
    ):
        assert torch.equal(_codes({"seed": 3, **row}), expected)
    assert torch.equal(expected[:, :6], plain[:, :6])
    assert torch.equal(_codes({"seed": 3, "conditions": {"hair": None}, "length": float("nan")}), plain)


def test_truncation_leaves_what_is_asked_for() -> None:
    """It multiplies the free numbers alone, of a seed or of a code: at 0 all pictures that are asked for alike are the same."""
    codes = _codes({"seed": 1, "truncation": 0, "hair": "red"}, {"code": [2.0] * LATENT, "truncation": 0.5})
    assert codes[0].tolist() == [0.0] * 6 + [pytest.approx(ASKED.attribute("hair").asked("red")), codes_for(1, [0], LATENT)[0, 7]]
    assert codes[1].tolist() == [1.0] * 6 + [2.0] * 2


def test_a_model_without_conditions_is_asked_for_none() -> None:
    """Seeds, codes and truncation are all there is; all of a code is free."""
    rows = [{"seed": 1, "truncation": 0.5}]
    assert torch.equal(codes_of(wishes(rows, LATENT, None), LATENT, None), codes_for(1, [0], LATENT) / 2)
    with pytest.raises(AtelierError, match="row 1: hair: this model was trained without conditions"):
        wishes([{"seed": 1, "conditions": {"hair": "red"}}], LATENT, None)


#: What is wrong, and what is said about it.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown attribute": ({"seed": 1, "hiar": "red"}, "hiar: a column must be one of hair, code, conditions, index,"),
    "an unknown one inside": ({"seed": 1, "conditions": {"lenght": 1}}, r"lenght: expected one .* \(length, hair\)"),
    "an unknown value": ({"seed": 1, "hair": "rde"}, "hair: expected one of red, black, blond; found rde"),
    "a number out of range": ({"seed": 1, "length": 2}, r"length: expected a number from 0 to 0\.95, found 2"),
    "an infinite one": ({"seed": 1, "length": float("inf")}, "found inf"),
    "a huge one": ({"seed": 1, "length": 10**400}, "found a number of more than 63 bits"),
    "a truth": ({"seed": 1, "length": True}, "length: expected a text or a number, found True"),
    "a list": ({"seed": 1, "hair": ["red"]}, "hair: expected a text or a number, found a list"),
    "twice the same": ({"seed": 1, "hair": "red", "conditions": {"hair": "red"}}, "hair: expected it once"),
    "no JSON": ({"seed": 1, "conditions": "hair=red"}, 'conditions: expected JSON of attributes and values, .* found "hair=red"'),
    "JSON of another kind": ({"seed": 1, "conditions": "[1]"}, "conditions: expected JSON of attributes"),
    "deep JSON": ({"seed": 1, "conditions": "[" * 9_999}, "conditions: expected JSON of attributes"),
    "long JSON": ({"seed": 1, "conditions": '{"hair": "red"}' + " " * 10_000}, "of 10,000 characters at most"),
    "neither seed nor code": ({"hair": "red"}, "expected a seed or a code, found neither"),
    "both": ({"seed": 1, "code": [0.0] * LATENT}, "expected a seed or a code, found both"),
    "an index of a code": ({"index": 1, "code": [0.0] * LATENT}, "expected an index beside a seed"),
    "a negative seed": ({"seed": -1}, "seed: expected a whole number from 0 to 9223372036854775807, found -1"),
    "half a seed": ({"seed": 1.5}, "found 1.5"),
    "a seed in words": ({"seed": "1"}, 'found "1"'),
    "a huge seed": ({"seed": 10**5000}, "seed: .* found a number of more than 63 bits"),
    "a negative index": ({"seed": 1, "index": -1}, "index: expected a whole number"),
    "too much truncation": ({"seed": 1, "truncation": 1.5}, "truncation: expected a number from 0 to 1, found 1.5"),
    "a short code": ({"code": [0.0] * 7}, "code: expected a list of 8 numbers, found 7 of them"),
    "a code in words": ({"code": "0 0 0 0"}, 'code: expected a list of 8 numbers, found "0 0 0 0"'),
    "a code with a gap": ({"code": [None] * LATENT}, "code: expected a number from -100 to 100, found a NoneType"),
    "a code far out": ({"code": [1e38] * LATENT}, r"code: expected a number from -100 to 100, found 1e\+38"),
}  # fmt: skip


@pytest.mark.parametrize(("row", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(row: dict[str, Any], said: str) -> None:
    """The row, the column, what was expected (the nearest first) and what was found; and not at length."""
    with pytest.raises(AtelierError, match=f"^row 2: .*{said}") as error:
        wishes([{"seed": 1}, row], LATENT, ASKED)
    assert len(str(error.value)) < 400


def test_long_names_and_texts_are_cut() -> None:
    """A hundred thousand characters of them come back as eighty."""
    for row in ({"hair": "x" * 100_000}, {"x" * 100_000: 1}, {"conditions": {"x" * 100_000: 1}}, {"truncation": "x" * 100_000}):
        with pytest.raises(AtelierError) as error:
            wishes([{"seed": 1, **row}], LATENT, ASKED)
        assert len(str(error.value)) < 400


def test_an_absurd_count_is_refused() -> None:
    """None at all, or more than can be drawn while somebody waits."""
    assert len(wishes([{"seed": 1}] * MOST, LATENT, ASKED)) == MOST
    for number in (0, MOST + 1, 100_000):
        with pytest.raises(AtelierError, match=f"Expected 1 to 256 rows, a picture each, found {number}; nothing was drawn"):
            wishes([{"seed": 1}] * number, LATENT, ASKED)
