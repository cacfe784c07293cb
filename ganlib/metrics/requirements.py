"""What pictures must be to be scored, said before anything is computed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.errors import AtelierError

#: Fewer pictures than this of a kind make no score: sub-samples of them would be too small to fit a line.
FEWEST = 20


def fewest(neighbours: int) -> int:
    """Fewer pictures of a kind make no scores with so many neighbours: halves of them must have so many, too."""
    return max(FEWEST, 2 * (neighbours + 1))


def check_number(number: int, neighbours: int) -> None:
    """Raise `AtelierError` where fewer pictures are to be taken than make scores."""
    if number < (least := fewest(neighbours)):
        raise AtelierError(
            f"evaluate.number must be at least {least} with {neighbours} neighbours (got {number}). Nothing was scored; raise it."
        )


def check_pictures(kinds: Mapping[str, NDArray[Any]], neighbours: int) -> None:
    """Raise `AtelierError` where one of the kinds, "reference" among them, has too few, another shape, or no levels as uint8."""
    least = fewest(neighbours)
    for kind, pictures in kinds.items():
        if pictures.dtype != np.uint8:
            broken = f", {int(np.isnan(pictures).sum())} of its numbers NaN" if pictures.dtype.kind == "f" else ""
            raise AtelierError(
                f"{kind} pictures: expected levels 0 to 255 as uint8, found {pictures.dtype}{broken}. Nothing was scored."
            )
        if pictures.ndim != 4 or pictures.shape[3] not in (1, 3):
            raise AtelierError(
                f"{kind} pictures: expected [N, H, W, C] with C 1 or 3, found {list(pictures.shape)}. Nothing was scored."
            )
        if len(pictures) < least:
            raise AtelierError(
                f"{kind} pictures: at least {least} are needed, found {len(pictures)}. Nothing was scored; provide more of them "
                "(of a data set, curate.heldout says how many are held out for this; of drawn ones, sample.number)."
            )
        if pictures.shape[1:] != kinds["reference"].shape[1:]:
            raise AtelierError(
                f"{kind} pictures: expected the reference's height, width and channels {_shape(kinds['reference'])}, found "
                f"{_shape(pictures)}. Nothing was scored; bring both to one size first."
            )


def _shape(pictures: NDArray[Any]) -> str:
    return " × ".join(map(str, pictures.shape[1:]))
