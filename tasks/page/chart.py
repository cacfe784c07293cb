"""A plot of lines as numbers for SVG: sharp on every screen, in the page's own colours, readable by a machine."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 460, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 10, 42
_MOST = 300  # points a line; more than that cannot be seen
_STEEP = 200  # where the largest value is that many times the smallest, the axis is one of powers

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Tick:
    """A line across the plot at `place`, with its number."""

    place: float
    text: str


@dataclass(frozen=True)
class Line:
    """path: what SVG draws. summary: the line in words."""

    name: str
    path: str
    summary: str


@dataclass(frozen=True)
class Chart:
    """title, lines, and the ticks of both axes, in units of a drawing of WIDTH × HEIGHT."""

    title: str
    lines: list[Line]
    across: list[Tick]
    up: list[Tick]
    logarithmic: bool


def chart(title: str, lines: Mapping[str, Points]) -> Chart:
    """A chart of lines, each at least one finite point (x, y); the same points give the same chart."""
    xs = [x for points in lines.values() for x, _ in points]
    ys = [y for points in lines.values() for _, y in points]
    steep = min(ys) > 0 and max(ys) / min(ys) > _STEEP
    scale: Callable[[float], float] = math.log10 if steep else float
    across, up = (min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1), _roomy(scale(min(ys)), scale(max(ys)))

    def place(x: float, y: float) -> tuple[float, float]:
        return _across(x, across), _up(scale(y), up)

    return Chart(
        title,
        [
            Line(name, _path([place(*point) for point in thinned(points)]), _summary(name, points))
            for name, points in lines.items()
        ],
        [Tick(_across(at, across), f"{at:g}") for at in ticks(*across)],
        [Tick(_up(at, up), f"{10**at if steep else at:.3g}") for at in ticks(*up)],
        steep,
    )


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, about so many: steps of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def thinned(points: Points) -> Points:
    """Few enough points to draw: each the mean of as many that follow each other."""
    size = -(-len(points) // _MOST)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


def _roomy(low: float, high: float) -> tuple[float, float]:
    """From a little below to a little above."""
    room = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return low - room, high + room


def _across(x: float, span: tuple[float, float]) -> float:
    return round(_LEFT + (x - span[0]) / (span[1] - span[0]) * (WIDTH - _LEFT - _RIGHT), 1)


def _up(y: float, span: tuple[float, float]) -> float:
    return round(HEIGHT - _BOTTOM - (y - span[0]) / (span[1] - span[0]) * (HEIGHT - _TOP - _BOTTOM), 1)


def _path(places: Points) -> str:
    if len(places) == 1:
        (x, y), *_ = places
        return f"M{x - 2} {y}L{x + 2} {y}"
    return "M" + "L".join(f"{x} {y}" for x, y in places)


def _summary(name: str, points: Points) -> str:
    ys = [y for _, y in points]
    return f"{name} from {ys[0]:.3g} to {ys[-1]:.3g}, between {min(ys):.3g} and {max(ys):.3g}"
