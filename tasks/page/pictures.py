"""Pictures inside the page itself: as addresses that hold their bytes."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganlib.errors import AtelierError

if TYPE_CHECKING:
    from ganlib.pictures.decode import Pixels

_LARGEST = 128  # pixels: a picture among many is shown no larger


@dataclass(frozen=True)
class Shown:
    """A picture on the page. row: where it lies in its array. source: its bytes as an address."""

    row: int
    source: str


@dataclass(frozen=True)
class Suspect:
    """A generated picture beside the training pictures that are nearest to it; the lower the ratio, the more suspicious."""

    drawn: Shown
    nearest: list[Shown]
    ratio: str
    suspected: bool


def address(png: bytes) -> str:
    """A PNG as an address."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def show(pictures: "Pixels", rows: Sequence[int], what: str) -> list[Shown]:
    """The rows of uint8 [N, H, W, C]. Raises `AtelierError` for rows that are not among them."""
    from ganlib.sampling.png import encode_png

    if wrong := [row for row in rows if not 0 <= row < len(pictures)]:
        raise AtelierError(
            f"artifacts/evaluation/evaluation.json: expected rows of the {len(pictures)} {what} pictures, found {wrong[0]}. No "
            "report was written. Run the step evaluate again."
        )
    return [Shown(row, address(encode_png(_smaller(pictures[row])))) for row in rows]


def suspects(evaluation: Mapping[str, Any], drawn: "Pixels", train: "Pixels") -> list[Suspect]:
    """The most suspicious pictures, as the evaluation names them, each with its nearest training pictures."""
    threshold = (evaluation.get("copied") or {}).get("threshold", float("-inf"))
    return [
        Suspect(
            show(drawn, [entry["generated"]], "generated")[0],
            show(train, entry["train"], "training"),
            f"{entry['ratio']:.3g}",
            entry["ratio"] <= threshold,
        )
        for entry in evaluation.get("nearest", [])
    ]


def _smaller(picture: "Pixels") -> "Pixels":
    """A large picture by a whole factor smaller, each pixel the mean of those that it stands for."""
    import numpy as np

    factor = -(-max(picture.shape[:2]) // _LARGEST)
    if factor == 1:
        return picture
    high, wide = (side // factor * factor for side in picture.shape[:2])
    blocks = picture[:high, :wide].reshape(high // factor, factor, wide // factor, factor, -1)
    smaller: Pixels = np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
    return smaller
