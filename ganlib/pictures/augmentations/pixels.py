"""Moving pictures by whole pixels."""

import torch
from torch import Tensor

from ganlib.pictures.augmentations.rolls import uniform

_SHARE = 1 / 8  # of the side that a picture moves at most


def moved(pictures: Tensor, strength: Tensor, dice: torch.Generator) -> tuple[Tensor, Tensor]:
    """Which row each row is to be taken from, and which column each column: int64 [N, H] and [N, W].

    A picture moves, with probability `strength`, by a whole number of pixels a direction, all from -1/8 to 1/8 of the side
    alike. What would come from beyond the edge has an index below 0, or from the side upwards.
    """
    gate, *rolls = uniform(3, pictures, dice)
    rows, columns = (
        torch.arange(side, device=pictures.device) + _steps(roll, side).mul(gate < strength).long().view(-1, 1)
        for roll, side in zip(rolls, pictures.shape[2:], strict=True)
    )
    return rows, columns


def taken(pictures: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Pictures [N, C, H, W] with the pixel (i, j) of each one taken from (rows[n, i], columns[n, j]), which lie inside."""
    number, channels, height, width = pictures.shape
    first = torch.arange(number, device=pictures.device).view(-1, 1, 1) * height
    places = (first + rows[:, :, None]) * width + columns[:, None, :]
    pixels = pictures.permute(0, 2, 3, 1).reshape(-1, channels)
    return pixels[places.flatten()].view(number, height, width, channels).permute(0, 3, 1, 2)


def _steps(roll: Tensor, side: int) -> Tensor:
    """From uniform numbers in [0, 1) to whole ones from -limit to limit, all alike."""
    limit = int(side * _SHARE + 0.5)
    return (roll * (2 * limit + 1)).floor() - limit
