"""Guidance: between being asked nothing and being asked, and beyond."""

import pytest
import torch
from torch import nn

from ganlib.conditions.codes import AskedCodes
from ganlib.conditions.conditions import of_labels
from ganlib.errors import AtelierError
from ganlib.sampling.draw import levels
from ganlib.sampling.guidance import guided
from ganlib.sampling.model import Model

CONDITIONS = of_labels({"length": [0.0, 1.0, 2.0]})


class Grey(nn.Module):
    """A decoder whose picture is all of one grey: a tenth of the free number, and 0.3 of what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.slopes = nn.Parameter(torch.tensor([0.1, 0.3]))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        return (codes * self.slopes).sum(dim=1)[:, None, None, None].expand(-1, 3, 4, 4)


def model(drop: float) -> Model:
    return Model(AskedCodes(Grey(), CONDITIONS, 1), 2, 4, 3, "", {"method": {"drop": drop}}, CONDITIONS)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_it_goes_from_nothing_to_what_is_asked_and_beyond(strength: float) -> None:
    """The grey of the free number, and as much more as the strength says; at the ends of what can be seen it is cut off."""
    codes = CONDITIONS.turned(torch.tensor([[1.0, 0.0]]), {"length": 1.5})
    expected = min(1.0, 0.1 + strength * 0.3 * 0.5)
    grey = levels(guided(model(0.1), strength).generator, codes)[0, 0, 0, 0] / 127.5 - 1
    assert grey == pytest.approx(expected, abs=1e-3)


def test_at_one_it_is_the_model_itself() -> None:
    """But for rounding."""
    codes = torch.randn(20, 2)
    torch.testing.assert_close(guided(model(0.1), 1.0).generator(codes), model(0.1).generator(codes))


@pytest.mark.parametrize("conditions", [True, False])
def test_a_model_that_was_always_asked_cannot_be_guided(conditions: bool) -> None:
    """So is one that can be asked nothing; with what to train instead."""
    other = model(0.0) if conditions else Model(Grey(), 2, 4, 3, "", {"method": {}})
    with pytest.raises(AtelierError, match=r"Train it with .* train\.method\.drop"):
        guided(other, 2.0)
