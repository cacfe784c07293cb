"""The pictures that are kept, each with its point and its neighbours among them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.pictures.candidates import Candidates
from ganlib.pictures.neighbours import Neighbours
from ganlib.pictures.points import BATCH, points
from ganlib.pictures.shelf import Column, Rows
from ganlib.pictures.strangers import RANK, REFERENCES, square_distances


@dataclass(frozen=True)
class Placed:
    """places: among the candidates, in an order by lot, so that every part of them is a fair one. rows: of the shelf. lists: of
    those most like each, in the same order."""

    column: Column
    places: Rows
    rows: Rows
    lists: Neighbours

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, places: "slice | Rows") -> NDArray[np.float32]:
        return np.asarray(self.column[self.rows[places]])

    @property
    def nearest(self) -> Rows:
        """Of each the places, as here, of those most like it, nearest first, [N, 50] or fewer."""
        where = np.full(int(self.rows.max()) + 1, -1)
        where[self.rows] = np.arange(len(self.rows))
        return np.asarray(where[self.lists.near[:, : min(RANK, len(self.lists.references) - 1)]])


def place(candidates: Candidates) -> Placed:
    """Place those that are kept."""
    places = candidates.kept_by_lot()
    rows = candidates.at[places]
    candidates.fill("point", places, points, BATCH, "pictures' features")
    column, ascending = candidates.shelf["point"], np.sort(rows)
    references = _references(candidates, ascending)
    known = torch.from_numpy(column[references])

    def distances(asking: Rows, asked: Rows) -> Tensor:
        whole = np.array_equal(asked, np.arange(len(known)))  # then nothing has to be copied
        return square_distances(torch.from_numpy(column[ascending[asking]]), known if whole else known[asked])

    lists = candidates.neighbours("kinds", ascending, references, min(RANK, len(references) - 1), distances)
    return Placed(column, places, rows, lists.of(rows))


def _references(candidates: Candidates, rows: Rows) -> Rows:
    """All of the rows or, of many, a half, a quarter, … of them by lot: nearly the same ones every night."""
    order, most = candidates.shelf.order(rows), 2**64 - 1
    while (order <= most).sum() > REFERENCES:
        most //= 2
    return rows[order <= most]
