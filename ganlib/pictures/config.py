"""The knobs of curating."""

from dataclasses import dataclass
from typing import Annotated, Literal

from ganlib.knobs import MultipleOf, Names, Natural, Share
from ganlib.pictures.checks import CHECKS, EXACT
from ganlib.pictures.colour import HexColour
from ganlib.pictures.form import Form


@dataclass(frozen=True)
class CurateConfig:
    """Section `curate` of `params.yaml`.

    size: pixels a side of every picture; a network says which it can do. mode: colour or grey. fit: cut pictures to their
    middle square, or pad them with `background`, which also lies behind transparent ones. heldout: the share that is kept
    from training. gate: the share that may be set aside, of 40 pictures or more.
    ignore: the reasons for which nothing is set aside. cluster: the address of a Dask scheduler that does the heavy work.
    """

    size: Annotated[int, MultipleOf(4, 16, 256)] = 32
    mode: Literal["RGB", "L"] = "RGB"
    fit: Literal["crop", "pad"] = "crop"
    background: Annotated[str, HexColour()] = "#ffffff"
    heldout: Share = 0.15
    seed: Natural = 0
    gate: Share = 0.5
    ignore: Annotated[tuple[str, ...], Names([reason for reason in CHECKS if reason != EXACT], "reason")] = ()
    cluster: str | None = None

    @property
    def form(self) -> Form:
        """What decides how a picture looks, whatever the others are."""
        return Form(self.size, self.mode, self.fit, self.background)
