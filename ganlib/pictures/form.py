"""The form that all pictures are brought to, and what is kept of each."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ganlib.pictures.measures import MEASURES
from ganlib.pictures.views import VIEW

#: What is known of one picture. reason: why it was refused, else empty. notes: codes, with a space between. digest: of its pixels
#: and their shape. width, height: in pixels, as it was found. lossless: its format keeps every pixel.
FACTS = np.dtype(
    [
        ("reason", "S24"),
        ("notes", "S96"),
        ("digest", "S32"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("lossless", "?"),
        *((name, "<f8") for name in MEASURES),
    ]
)


@dataclass(frozen=True)
class Form:
    """The form that all pictures are brought to, out of `CurateConfig`."""

    size: int
    mode: Literal["RGB", "L"]
    fit: Literal["crop", "pad"]
    background: str

    @property
    def columns(self) -> dict[str, Any]:
        """What `look` finds of each picture, by name: types of numpy. middle: the point of the square in the middle, for views
        that have bars."""
        from ganlib.pictures.duplicates.tangent import DIMENSIONS, TANGENTS

        pixels = (np.uint8, (self.size, self.size, 3 if self.mode == "RGB" else 1))
        view, descriptor = (np.uint8, (VIEW, VIEW, 3)), (np.float32, (1 + TANGENTS, DIMENSIONS))
        found = {"facts": FACTS, "pixels": pixels, "view": view, "descriptor": descriptor}
        return {**found, "middle": (np.float32, (DIMENSIONS,))} if self.fit == "pad" else found
