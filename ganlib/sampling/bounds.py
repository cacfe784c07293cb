"""Numbers that a person names, refused where they make no sense."""

import math
import re
from typing import Any

from ganlib.errors import AtelierError

#: Pictures that are drawn at one request, at most.
MOST = 1_000_000


def within(name: str, value: Any, low: float, high: float) -> float:
    """`value` as a number from `low` to `high`; `AtelierError`, which calls it `name`, where it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number <= high:
        raise AtelierError(f"{name}: expected a number from {low:g} to {high:g}, found {str(value)[:80]}. Nothing was drawn.")
    return number


def counted(name: str, value: Any, most: int = MOST, least: int = 1) -> int:
    """`value` as a whole number from `least` to `most`; `AtelierError`, which calls it `name`, where it is none."""
    number = value
    if isinstance(value, str) and len(value) < 20 and re.fullmatch(r"\s*-?[0-9]+\s*", value):
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise AtelierError(
            f"{name}: expected a whole number from {least:,} to {most:,}, found {str(value)[:80]}. Nothing was drawn."
        )
    return number
