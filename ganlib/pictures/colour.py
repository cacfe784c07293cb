"""Colours as people write them in `params.yaml`: "#rrggbb"."""

import re
from collections.abc import Callable
from typing import Any


class HexColour:
    """Mark for a field that must be a colour such as "#f4f1ea"."""

    def check(self, value: str) -> str:
        """`value`, or `ValueError` where it is no colour."""
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            raise ValueError('must be a colour such as "#f4f1ea", in quotes')
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.check, handler(source))


def channels(colour: str, mode: str) -> tuple[int, ...]:
    """The values 0 to 255 of a colour: three for mode "RGB", its luma (ITU-R BT.601, as Pillow has it) for "L"."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return (red, green, blue) if mode == "RGB" else ((299 * red + 587 * green + 114 * blue) // 1000,)
