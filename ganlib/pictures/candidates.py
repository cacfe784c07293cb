"""The pictures that could be decoded, as checks see them: what is known of each is on a shelf, here is which are whose."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganlib.pictures.decode import Pixels
from ganlib.pictures.raw import CLASS, Label
from ganlib.pictures.shelf import Rows, Shelf
from ganlib.pictures.views import VIEW
from ganlib.progress import Progress

if TYPE_CHECKING:
    from ganlib.pictures.crew import Crew
    from ganlib.pictures.neighbours import Distances, Neighbours, Tile


@dataclass
class Candidates:
    """What a check sees.

    shelf: with the columns of `Form.columns` and `COMPARED`. at: the shelf's row of each picture, [N]. facts: of each, [N], see
    `FACTS`. size: pixels a side that are learned from. crew: who does heavy work. labels: what is known of each, by the label's
    name. kept: those that no earlier check has set aside, those that a person wants kept first, in the order in which they were
    found. wanted: those that a person wants kept. unfit: those that some check sets aside for what they are, so that none of
    them may stay in another's place. padded: whether those that are not square have bars in their views.
    """

    shelf: Shelf
    at: Rows
    facts: NDArray[Any]
    size: int
    crew: "Crew"
    labels: Mapping[str, Sequence[Label]] = field(default_factory=dict)
    kept: Sequence[int] = field(default_factory=list)
    wanted: Set[int] = frozenset()
    unfit: Set[int] = frozenset()
    padded: bool = False

    def measured(self, name: str) -> NDArray[np.float64]:
        """One of the facts, as numbers, of the pictures that are kept, in their order."""
        return self.facts[name][np.asarray(self.kept, np.int64)].astype(np.float64)

    def labelled(self, row: int) -> int:
        """How many labels one of the candidates has beside the folder that it lies in: a copy lies in some other."""
        return sum(values[row] is not None for name, values in self.labels.items() if name != CLASS)

    def view(self, places: Sequence[int] | Rows) -> Pixels:
        """The views, uint8 [P, 64, 64, 3], of some of the candidates."""
        return np.asarray(self.shelf["view"][self.at[np.asarray(places, np.int64)]])

    def kept_by_lot(self) -> Rows:
        """The kept ones in an order that depends on nothing but their content."""
        kept = np.asarray(self.kept, np.int64)
        return kept[np.argsort(self.shelf.order(self.at[kept]), kind="stable")]

    def whole_by_lot(self) -> Rows:
        """The same without those that have bars, which are no part of what a picture shows."""
        places = self.kept_by_lot()
        if not self.padded:
            return places
        shorter, longer = np.sort([self.facts[places][side] for side in ("width", "height")], axis=0)
        return np.asarray(places[np.rint(VIEW * shorter / longer) == VIEW])

    def fill(self, column: str, places: Rows, work: Callable[[Pixels], NDArray[Any]], batch: int, unit: str) -> None:
        """See to it that a column of the shelf has a value for each of some candidates: `work` makes them of a batch of views.

        unit: what is done, for the eye.
        """

        def some(rows: Rows) -> Iterator[tuple[Rows, NDArray[Any]]]:
            blocks = [rows[start : start + batch] for start in range(0, len(rows), batch)]
            found = self.crew.map(work, (np.asarray(self.shelf["view"][block]) for block in blocks))
            with Progress("curate", len(rows), unit, quiet=not len(rows)) as progress:
                for block, values in zip(blocks, found, strict=True):
                    yield block, values
                    progress.advance(len(block))

        self.shelf.fill(column, np.unique(self.at[places]), some)

    def neighbours(
        self, name: str, rows: Rows, references: Rows, count: int, distances: "Distances", tiles: "Iterator[Tile] | None" = None
    ) -> "Neighbours":
        """As `nearest` finds them, but for what is known from another night by this name; kept for the next one.

        Where tiles say what is compared, nothing is taken over: they are others every night, and so is what they miss.
        """
        from ganlib.pictures.neighbours import Neighbours, nearest

        order = self.shelf.order(references)
        if tiles is not None:
            return nearest(rows, references, order, count, distances, None, tiles)
        path = self.shelf.folder / f"{name}.stamped"
        found = nearest(rows, references, order, count, distances, Neighbours.load(path, self.shelf.stamp))
        found.save(path, self.shelf.stamp)
        return found


def pair_keys(first: NDArray[np.uint64], second: NDArray[np.uint64], mirrored: NDArray[Any]) -> list[bytes]:
    """Keys for pairs of pictures, by what `Shelf.order` says of each."""
    rows = np.stack([first, second, mirrored.astype(np.uint64)], axis=1)
    return [hashlib.blake2b(row.data, digest_size=16).digest() for row in rows]


@dataclass(frozen=True)
class Finding:
    """One picture to be set aside. row: its place among the candidates. score: how bad, in the check's own measure. threshold:
    the score from which on it is set aside, or up to which. twin: the row of the picture that stays in its place. aside: false
    for one that stays, but only just, for a person to see where the threshold lies. note: it stays, with the check's reason as a
    note."""

    row: int
    score: float | None = None
    threshold: float | None = None
    twin: int | None = None
    aside: bool = True
    note: bool = False
