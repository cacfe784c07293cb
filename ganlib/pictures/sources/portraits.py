"""Portraits drawn on the spot: as many as wanted, of known hair, skin and mood, from two free styles of DiceBear."""

import io
import json
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from ganlib.errors import AtelierError
from ganlib.knobs import Natural, Positive, Range
from ganlib.pictures.raw import Label, RawPicture

if TYPE_CHECKING:
    from multiprocessing.pool import IMapIterator

Style = Literal["lorelei", "adventurer"]

#: Colours that are drawn at random and kept as labels, under these names. No hair is as dark or as brown as a skin.
PALETTE = {
    "skin": {"porcelain": "#ffe0cc", "light": "#f2c9a5", "tan": "#d9a066", "brown": "#a66e46", "dark": "#80502f"},
    "hair": {
        "black": "#2b2320",
        "brown": "#57311b",
        "auburn": "#a5482a",
        "blond": "#e8c15a",
        "grey": "#b9b9c0",
        "red": "#d9432f",
        "blue": "#3f6fd1",
        "pink": "#e88bb5",
        "green": "#4f9d5b",
    },
}
BACKGROUND = "#f4f1ea"
WORKERS = 2
TOGETHER = 64  # portraits that a worker is given at once
PATIENCE = 3.0  # seconds without any, after which one looks whether the workers live
FEW = 256  # fewer portraits than this are drawn before a worker process has started


@dataclass(frozen=True)
class Portraits:
    """Section `collect` of `params.yaml` for `source: portraits`.

    Picture i is determined by (style, seed, i) alone, so a larger `number` only adds pictures; `size` (pixels a side)
    only changes the resolution.
    """

    source: Literal["portraits"] = "portraits"
    style: Style = "lorelei"
    number: Positive = 10_000
    size: Annotated[int, Range(ge=16, le=1024)] = 64
    seed: Natural = 0

    def count(self) -> int:
        """How many pictures `pictures` yields."""
        return self.number

    def pictures(self) -> Iterator[RawPicture]:
        """Yield the portraits in order, as PNG, drawn by at most two processes. Raises `AtelierError` where one is killed."""
        draw = partial(_draw_all, self.style, self.seed, self.size)
        pieces = [range(start, min(start + TOGETHER, self.number)) for start in range(0, self.number, TOGETHER)]
        workers = min(WORKERS, os.cpu_count() or 1)
        if self.number < FEW or workers == 1:
            yield from chain.from_iterable(map(draw, pieces))
            return
        deaf = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for this process, which ends the others
        with multiprocessing.get_context("spawn").Pool(workers, signal.signal, deaf) as pool:
            yield from chain.from_iterable(_watched(pool.imap(draw, pieces), len(pieces)))


def _watched(results: "IMapIterator[list[RawPicture]]", number: int) -> Iterator[list[RawPicture]]:
    """So many results, as they come; a pool would wait for ever for what a process had been given that was killed."""
    workers = _alive()
    for _ in range(number):
        while True:
            try:
                yield results.next(timeout=PATIENCE)
                break
            except multiprocessing.TimeoutError:
                lost = workers - _alive()
                if lost:
                    raise AtelierError(
                        f"collect: expected portraits from the process that draws them, found it killed (process {min(lost)}), "
                        "perhaps for want of memory; nothing was kept. Run the same command again."
                    ) from None


def _alive() -> set[int]:
    return {process.pid for process in multiprocessing.active_children() if process.pid}


def _draw_all(style: Style, seed: int, size: int, places: Iterable[int]) -> list[RawPicture]:
    return [_draw(style, seed, size, place) for place in places]


def _draw(style: Style, seed: int, size: int, index: int) -> RawPicture:
    """Portrait number `index`."""
    svg, options = _avatar(style, seed=f"{seed}-{index}", **_colours())
    labels = _labels(options)
    labels["hair_length"] = hair_lengths(style)[options["hairVariant"]]
    licence = _definition(style)["meta"]["license"]
    return RawPicture(
        name=f"{style}-{seed}-{index:06d}.png",
        data=_png(svg, size),
        labels=labels,
        source=f"dicebear {style}",
        licence=licence["name"],
        attribution=licence["text"],
    )


def _colours() -> dict[str, list[str]]:
    chosen = {f"{part}Color": list(colours.values()) for part, colours in PALETTE.items()}
    return {**chosen, "backgroundColor": [BACKGROUND]}


def _labels(options: dict[str, Any]) -> dict[str, Label]:
    """What was drawn: every part's variant under the part's name, every colour of the palette under its own name.

    A part that was left out has no label. The names of `PALETTE` stand for its colours: `hair_colour` is "auburn".
    """
    labels: dict[str, Label] = {}
    for option, value in options.items():
        if option.endswith("Variant"):
            labels[_snake(option.removesuffix("Variant"))] = value
        elif option.endswith("Color") and (part := option.removesuffix("Color")) in PALETTE:
            labels[f"{_snake(part)}_colour"] = next(name for name, colour in PALETTE[part].items() if colour == value[0])
    return labels


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@lru_cache
def hair_lengths(style: Style) -> dict[str, float]:
    """How far down each hair variant reaches, as a fraction of the height: 0.2 is cropped, 0.9 reaches the waist.

    Measured: the hair is drawn in a key colour and everything else in white, and the lowest row of the key colour counts.
    A variant of which nothing is seen has length 0.
    """
    parts = _definition(style)["components"]
    white = {f"{part}Color": ["#ffffff"] for part in (*_definition(style)["colors"], "background")}
    bare = {f"{part}Probability": 0 for part, component in parts.items() if "probability" in component}
    options = {**white, **bare, "hairColor": ["#ff00ff"], "seed": "0"}
    return {variant: _lowest_row(_avatar(style, **options, hairVariant=variant)[0]) for variant in parts["hair"]["variants"]}


def _lowest_row(svg: str, height: int = 128) -> float:
    from PIL import Image

    with Image.open(io.BytesIO(_png(svg, height))) as picture:
        red, green, blue = np.moveaxis(np.asarray(picture.convert("RGB"), dtype=np.int16), -1, 0)
    rows = np.flatnonzero(((red - green > 128) & (blue - green > 128)).any(axis=1))
    return float((rows[-1] + 1) / height) if len(rows) else 0.0


def _avatar(style: Style, **options: Any) -> tuple[str, dict[str, Any]]:
    """The SVG that DiceBear draws, and every choice that it made."""
    from dicebear import Avatar

    drawn = Avatar(_style(style), options).to_json()
    return drawn["svg"], drawn["options"]


@lru_cache
def _definition(style: Style) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads((files("dicebear_styles") / f"{style}.json").read_text(encoding="utf-8"))
    return definition


@lru_cache
def _style(style: Style) -> Any:
    from dicebear import Style as Parsed

    return Parsed(_definition(style))  # takes 0.4 s: once a process


def _png(svg: str, size: int) -> bytes:
    from resvg_py import svg_to_bytes

    return bytes(svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True))
