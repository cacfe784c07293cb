"""From pairs of twins to groups of which one picture, the best, is kept."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from ganlib.pictures.duplicates.twins import Pair

_LARGE = 200  # pictures; in a larger group most pairs are looked at roughly
_COMPARED, _EACH = 20_000, 4  # pairs of a group, and for each of its pictures so many, that are compared beside those known


class Comparer(Protocol):
    """Finds twins, and compares any two."""

    cut: float

    def pairs(self) -> list[Pair]:
        """All pairs of twins among the nearest."""
        ...

    def left(self, first: int, others: Sequence[int], roughly: bool = False) -> list[float]:
        """How much of the difference between one and each of the others is left; roughly: infinite where that seems much."""
        ...


def worse_of(finder: Comparer, merits: Sequence[Any]) -> Iterator[tuple[int, int, float]]:
    """Places of a picture that goes and of its better twin that stays, and what is left of their difference.

    A picture goes only where it is itself a twin of one that stays: in a chain of small differences the ends may both stay. Of
    several that it is a twin of, it goes for the one that it is most like. Each that stays is compared with all of its group
    that are not gone, the best first; in large groups roughly, and where it comes to too much, what is not compared by then is
    judged by the pairs that are known.
    """
    known = {(pair.first, pair.second): pair.left for pair in finder.pairs()}
    twins = _by_picture(known)
    for group in _groups(known):
        waiting = sorted(group, key=lambda place: merits[place], reverse=True)
        stays: set[int] = set()
        goes: dict[int, tuple[float, int]] = {}
        spare = _COMPARED + _EACH * len(group)
        while waiting and spare > 0:
            best, *others = waiting
            unknown = [other for other in others if other not in twins[best]]
            spare -= len(unknown)
            compared = dict(zip(unknown, finder.left(best, unknown, len(group) > _LARGE), strict=True)) if unknown else {}
            left = {other: twins[best].get(other, compared.get(other)) for other in others}
            stays.add(best)
            goes |= {other: (much, best) for other, much in left.items() if much is not None and much <= finder.cut}
            waiting = [other for other in others if other not in goes]
        for best in waiting:
            if best not in goes:
                stays.add(best)
                goes |= {other: (much, best) for other, much in twins[best].items() if not (other in goes or other in stays)}
        for other, first in goes.items():
            much, best = min([first, *((much, one) for one, much in twins[other].items() if one in stays)])
            yield other, best, much


def _by_picture(pairs: Mapping[tuple[int, int], float]) -> dict[int, dict[int, float]]:
    """Of each picture its twins, and what is left of the difference from each."""
    twins: dict[int, dict[int, float]] = {}
    for (first, second), left in pairs.items():
        twins.setdefault(first, {})[second] = left
        twins.setdefault(second, {})[first] = left
    return twins


def _groups(pairs: Mapping[tuple[int, int], float]) -> list[list[int]]:
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
