"""From pairs of twins to groups of which one picture, the best, is kept."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any, Protocol

from ganlib.pictures.duplicates.twins import Pair

_LARGE = 200  # pictures; in a larger group only those are compared that are among each other's nearest


class Comparer(Protocol):
    """Finds twins, and compares any two."""

    cut: float

    def pairs(self) -> list[Pair]:
        """All pairs of twins among the nearest."""
        ...

    def left(self, first: int, others: Sequence[int]) -> list[float]:
        """How much of the difference between one and each of the others is left."""
        ...


def worse_of(finder: Comparer, merits: Sequence[Any]) -> Iterator[tuple[int, int, float]]:
    """Places of a picture that goes and of its better twin that stays, and what is left of their difference.

    A picture goes only where it is itself a twin of one that stays: in a chain of small differences the ends may both stay. Of
    several that it is a twin of, it goes for the one that it is most like.
    """
    known = {(pair.first, pair.second): pair.left for pair in finder.pairs()}
    for group in _groups(known):
        if len(group) > _LARGE:
            yield from _worse_of_many(group, known, merits)
            continue
        waiting = sorted(group, key=lambda place: merits[place], reverse=True)
        stays: list[int] = []
        goes: dict[int, tuple[float, int]] = {}
        while waiting:
            best, *others = waiting
            left = {other: known.get((min(best, other), max(best, other)), inf) for other in others}
            unknown = [other for other in others if left[other] == inf]
            left |= dict(zip(unknown, finder.left(best, unknown), strict=True)) if unknown else {}
            stays.append(best)
            goes |= {other: (left[other], best) for other in others if left[other] <= finder.cut}
            waiting = [other for other in others if other not in goes]
        for other, first in goes.items():
            later = [(much, best) for best in stays if (much := known.get((min(best, other), max(best, other)), inf)) < inf]
            much, best = min([first, *later])
            yield other, best, much


def _worse_of_many(
    group: Sequence[int], known: Mapping[tuple[int, int], float], merits: Sequence[Any]
) -> Iterator[tuple[int, int, float]]:
    """The same where not all are compared with all: by the pairs that are known."""
    twins: dict[int, list[tuple[int, float]]] = {place: [] for place in group}
    members = set(group)
    for (first, second), left in known.items():
        if first in members:
            twins[first].append((second, left))
            twins[second].append((first, left))
    goes: dict[int, tuple[float, int]] = {}
    for best in sorted(group, key=lambda place: merits[place], reverse=True):
        if best in goes:
            continue
        for other, left in twins[best]:
            if merits[other] < merits[best]:
                goes[other] = min(goes.get(other, (inf, best)), (left, best))
    for other, (left, best) in goes.items():
        yield other, best, left


def _groups(pairs: dict[tuple[int, int], float]) -> list[list[int]]:
    """What hangs together by pairs (union-find)."""
    parent: dict[int, int] = {}

    def root(place: int) -> int:
        parent.setdefault(place, place)
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for first, second in pairs:
        parent[root(first)] = root(second)
    groups: dict[int, list[int]] = {}
    for place in sorted(parent):
        groups.setdefault(root(place), []).append(place)
    return list(groups.values())
