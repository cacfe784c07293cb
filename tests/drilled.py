"""Which of many alike cases are tried each time, and which in `make drills` only."""

from collections.abc import Iterable

import pytest
from _pytest.mark.structures import ParameterSet


def others_drilled(names: Iterable[str], *tried: str) -> list[str | ParameterSet]:
    """The names as they are; those that are not to be tried each time are drills. Fails where one to be tried is none of them."""
    names = list(names)
    assert set(tried) <= set(names)
    return [name if name in tried else pytest.param(name, marks=pytest.mark.drill) for name in names]
