"""Batches of real pictures: which ones, in which order, and as what."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.files import digest_bytes
from ganlib.ranks import rolled, shared
from ganlib.training.sending import sent

Pictures = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

_SHARE = 0.2  # of a GPU's free memory that pictures may take; networks and what flows through them need the rest
_PIECE = 4096  # pictures that are sent to it at once


class Batches:
    """Pictures in an endless order that depends only on the seed: batch `i` is the same whether or not one was stopped before it.

    The data set is gone through in a new random order each time round; a batch may reach from one round into the next.
    rows: which pictures are shown at all.
    """

    def __init__(
        self,
        pictures: Pictures,
        batch: int,
        seed: int,
        flip: bool,
        device: torch.device,
        rows: NDArray[np.int64] | None = None,
    ) -> None:
        self.pictures, self.batch, self.seed, self.flip, self.device = pictures, batch, seed, flip, device
        self.rows = np.arange(len(pictures)) if rows is None else rows
        self.resident = held(pictures, device) if _has_room(pictures, device) else None
        self._round, self._order = -1, np.empty(0, np.int64)

    def at(self, images: int, dice: torch.Generator) -> tuple[Tensor, Tensor]:
        """This process's share of the batch that follows after `images` pictures, and which of the data set they are.

        The pictures are float32 [N, C, H, W] in [-1, 1], channels last, on the device; their rows int64 [N], on the CPU.
        """
        rows = np.array([self._row(position) for position in range(images, images + self.batch)])
        rows.sort()  # read from the memory map in one sweep; the order within a batch means nothing
        mine = shared(torch.from_numpy(rows))
        real = to_float(self._read(mine))
        return mirrored(real, dice) if self.flip else real, mine

    def _read(self, rows: Tensor) -> Tensor:
        if self.resident is not None:
            return self.resident[sent(rows, self.device)]
        return sent(torch.from_numpy(self.pictures[rows.numpy()]), self.device)

    def _row(self, position: int) -> int:
        turn, place = divmod(position, len(self.rows))
        if turn != self._round:
            self._round, self._order = turn, self.rows[np.random.default_rng([self.seed, turn]).permutation(len(self.rows))]
        return int(self._order[place])


def to_float(levels: Tensor) -> Tensor:
    """Pictures uint8 [N, H, W, C] as networks take them: float32 [N, C, H, W] in [-1, 1], channels last."""
    return levels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


def mirrored(pictures: Tensor, dice: torch.Generator) -> Tensor:
    """Each picture [N, C, H, W] turned left to right with probability one half."""
    turn = rolled(torch.rand, (len(pictures),), dice, pictures.device) < 0.5
    return torch.where(turn[:, None, None, None], pictures.flip(3), pictures)


def held(pictures: Pictures, device: torch.device) -> Tensor:
    """All pictures, uint8 [N, H, W, C], in the device's own memory, sent there piece by piece."""
    tensor = torch.empty(pictures.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(pictures), _PIECE):
        tensor[start : start + _PIECE] = torch.from_numpy(np.array(pictures[start : start + _PIECE]))
    return tensor


def _has_room(pictures: Pictures, device: torch.device) -> bool:
    """Whether the device has a memory of its own, and enough of it."""
    if device.type != "cuda":
        return False
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by torch, for what comes
    return pictures.nbytes <= _SHARE * (torch.cuda.mem_get_info(device)[0] + kept)


def dice_for(seed: int, images: int) -> torch.Generator:
    """The random numbers of the step after `images` pictures: a function of the seed and the count alone, so that a
    resumed run rolls what the uninterrupted one would have."""
    mixed = int(digest_bytes(f"{seed}/{images}".encode())[:15], 16)
    return torch.Generator().manual_seed(mixed)
