"""From raw pictures to the data set: placeholder, written next."""
from dataclasses import dataclass
from typing import Annotated, Literal

from ganlib.knobs import Natural, PowerOfTwo, Share


@dataclass(frozen=True)
class CurateConfig:
    """Section `curate` of `params.yaml`."""

    size: Annotated[int, PowerOfTwo(16, 256)] = 32
    mode: Literal["RGB", "L"] = "RGB"
    fit: Literal["crop", "pad"] = "crop"
    background: str = "#ffffff"
    heldout: Share = 0.15
    seed: Natural = 0
