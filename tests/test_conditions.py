"""What can be asked for: values and numbers at the end of a code, and what a network is told of them."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from ganlib.conditions.attribute import Attribute
from ganlib.conditions.codes import AskedCodes
from ganlib.conditions.conditions import Conditions, of_labels, rows_having
from ganlib.conditions.labels import columns_of
from ganlib.conditions.untold import untold
from ganlib.errors import AtelierError

COLOURS = ["red"] * 50 + ["blue"] * 30 + [None] * 20
LENGTHS = np.random.default_rng(0).uniform(0, 2, 100).tolist()
CONDITIONS = of_labels({"colour": COLOURS, "length": LENGTHS})


class Echo(nn.Module):
    """A decoder that draws what it is told."""

    def forward(self, codes):
        return codes


ASKED = AskedCodes(Echo(), CONDITIONS, latent=3)


class TestAttributes:
    def test_text_makes_classes_with_their_shares_and_numbers_a_number(self):
        """Pictures that lack the label are a class of their own, "none"; numbers keep their range."""
        colour, length = CONDITIONS.attributes
        assert dict(zip(colour.values, colour.shares, strict=True)) == {"blue": 0.3, "none": 0.2, "red": 0.5}
        assert (length.values, length.knots[0], length.knots[-1]) == ((), min(LENGTHS), max(LENGTHS))
        assert CONDITIONS.width == 4

    def test_an_unknown_value_is_answered_with_the_valid_ones_the_nearest_first(self):
        """Cut short where it is long."""
        with pytest.raises(AtelierError, match=r"colour: expected one of red, blue, none; found rad\. Nothing"):
            CONDITIONS.attribute("colour").asked("rad")
        with pytest.raises(AtelierError) as refused:
            CONDITIONS.attribute("colour").asked("x" * 100_000)
        assert len(str(refused.value)) < 300

    @pytest.mark.parametrize("value", [2.5, -1, float("nan"), "long", None, float("inf")])
    def test_a_number_out_of_range_is_answered_with_the_range(self, value):
        """So is what is no number."""
        with pytest.raises(AtelierError, match=r"length: expected a number from 0\.\d+ to 1\.\d+, found"):
            CONDITIONS.attribute("length").asked(value)

    def test_an_unknown_attribute_is_answered_with_the_known_ones(self):
        """The nearest first."""
        with pytest.raises(AtelierError, match=r"lenght: expected one of the model's attributes \(length, colour\)"):
            CONDITIONS.attribute("lenght")

    @pytest.mark.parametrize("column", [["a"] * 9, [f"v{i}" for i in range(300)], [1.0] * 9, [1.0, None, 2.0]])
    def test_labels_with_nothing_to_choose_or_too_much_are_refused(self, column):
        """One value, three hundred, one number everywhere, a number that is missing."""
        with pytest.raises(AtelierError, match=r"train\.method\.conditions it: expected"):
            Attribute.of("it", column)

    def test_they_go_through_json_and_back(self):
        """As model.json keeps them."""
        assert Conditions.from_plain(CONDITIONS.plain()) == CONDITIONS


class TestCodes:
    def test_what_is_asked_is_what_the_decoder_is_told(self):
        """Every value and every number, by the code's last numbers, equals what the table of the data set says."""
        columns = {"colour": COLOURS, "length": LENGTHS}
        codes = torch.cat([torch.randn(100, 3), CONDITIONS.asked(columns)], dim=1)
        told = ASKED.told(codes)
        table = torch.from_numpy(CONDITIONS.table(columns))
        assert torch.equal(told[:, :3], table[:, :3])
        inner = [1e-3 < np.searchsorted(np.sort(LENGTHS), value) / 100 < 1 - 1e-3 for value in LENGTHS]
        torch.testing.assert_close(told[inner, 3], table[inner, 3], atol=2e-3, rtol=0)
        assert torch.equal(ASKED(codes)[:, :3], codes[:, :3])

    def test_codes_at_random_ask_as_often_as_the_data_have_it(self):
        """Shares of 20,000 normal codes, to five standard errors; the number's quantiles."""
        told = ASKED.told(torch.randn(20_000, 5, generator=torch.Generator().manual_seed(0)))
        for share, expected in zip(told[:, :3].mean(0).tolist(), (0.3, 0.2, 0.5), strict=True):
            assert abs(share - expected) < 5 * (expected * (1 - expected) / 20_000) ** 0.5
        scaled = (told[:, 3] + 1) / 2 * (max(LENGTHS) - min(LENGTHS)) + min(LENGTHS)
        assert np.allclose(np.quantile(scaled, [0.25, 0.5, 0.75]), np.quantile(LENGTHS, [0.25, 0.5, 0.75]), atol=0.05)

    def test_turning_one_number_changes_one_attribute(self):
        """All else of what is told is equal to the bit."""
        codes = torch.randn(10, 5)
        turned = CONDITIONS.turned(codes, {"length": 1.5})
        before, after = ASKED.told(codes), ASKED.told(turned)
        assert torch.equal(before[:, :3], after[:, :3])
        assert torch.equal(codes[:, :4], turned[:, :4])
        assert after[:, 3].unique().numel() == 1

    def test_exactly_one_class_is_told_even_at_the_ends(self):
        """Codes eight deviations out, and the bounds themselves."""
        codes = torch.zeros(6, 5)
        codes[:, 3] = torch.tensor([-8.0, -0.5244, 0.0, 1e-7, 0.6745, 8.0])
        assert ASKED.told(codes)[:, :3].sum(1).tolist() == [1.0] * 6


def test_labels_that_the_data_set_lacks_are_answered_with_those_it_has():
    """The nearest first."""
    with pytest.raises(AtelierError, match=r"conditions hair: expected a label of the data set \(hair_colour, size\)"):
        columns_of(pd.DataFrame({"label.size": [1], "label.hair_colour": ["red"], "name": ["a"]}), ["hair"])


def test_rows_of_a_combination():
    """All values together; "none" for those that lack a label."""
    assert rows_having({"a": ["x", "x", None], "b": [1.0, 2.0, 1.0]}, {"a": "x", "b": 1.0}) == [0]
    assert rows_having({"a": ["x", "x", None], "b": [1.0, 2.0, 1.0]}, {"a": "none"}) == [2]


def test_what_is_untold_falls_to_nothing_where_all_is_told():
    """Sure and right answers cost nothing, wrong ones more than unsure ones; pictures of which nothing is told do not count."""
    told = torch.from_numpy(CONDITIONS.table({"colour": COLOURS, "length": LENGTHS}))
    right = torch.cat([50 * told[:, :3], told[:, 3:]], dim=1)
    assert untold(right, told, CONDITIONS) < 1e-6
    assert untold(-right, told, CONDITIONS) > untold(torch.zeros_like(right), told, CONDITIONS) > 0.1
    wrong, kept = right.clone(), torch.arange(100) >= 50
    wrong[:50] = -right[:50]
    assert untold(wrong, told * kept[:, None], CONDITIONS, kept) < 1e-6
    assert untold(wrong, told, CONDITIONS) > 0.1
