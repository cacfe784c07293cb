"""One missing pixel against six that the eye accepts: what the difference of pixels says of either, and what D says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ganlib.errors import AtelierError
from ganlib.lecture.canvas import MADE, QUIET, REAL, canvas, ruled, show
from ganlib.lecture.lessons import as_input, in_company
from ganlib.pictures.sources.portraits import BACKGROUND, PALETTE
from ganlib.training.batches import Pictures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Colour = tuple[int, int, int]
Mask = NDArray[np.bool_]

_ALIKE = 16  # levels by which a channel may differ from a colour of the palette
_LONGER, _WIDE = 2, 2  # pixels by which a lock grows, and across; with its soft tip three pixels change in each line
PIXELS = _WIDE * (_LONGER + 1)


@dataclass(frozen=True)
class Portrait:
    """A drawn portrait, uint8 [H, W, 3], and the colours of its hair and skin."""

    picture: Pictures
    hair: Colour
    skin: Colour


@dataclass(frozen=True)
class Missing:
    """Real pictures and two ways to alter each, uint8 [N, H, W, 3]: one pixel of the face that is as hair or background; a
    lock that is longer, by six pixels.

    loss_one, loss_six [N]: the mean squared difference from the picture, values in [-1, 1]. drop_one, drop_six [N]: by how much
    the alteration lowers the score (a logit) that D gives.
    """

    real: Pictures
    one: Pictures
    six: Pictures
    loss_one: NDArray[np.float64]
    loss_six: NDArray[np.float64]
    drop_one: NDArray[np.float64]
    drop_six: NDArray[np.float64]

    @property
    def pixels_prefer_one(self) -> Mask:
        """The pictures [N] of which the difference of pixels holds one wrong pixel for the smaller mistake."""
        return self.loss_one < self.loss_six

    @property
    def judge_prefers_six(self) -> float:
        """Of these, the share in which D gives the higher score to the six."""
        return float((self.drop_six < self.drop_one)[self.pixels_prefer_one].mean())


def labelled(pictures: Pictures, manifest: "pd.DataFrame") -> list[Portrait]:
    """Portraits that the project drew, with the colours that their labels name; those without hair are left out.

    Raises `AtelierError` where the pictures have no such labels.
    """
    if pictures.shape[-1] != 3 or not {"label.hair_colour", "label.skin_colour"} <= set(manifest.columns):
        raise AtelierError(
            "The lecture's missing pixel is put into drawn portraits in colour, with the labels hair_colour and skin_colour; the "
            "data set has none. Set collect.source to portraits and curate.mode to RGB, and run the steps collect and curate."
        )
    names = zip(manifest["label.hair_colour"], manifest["label.skin_colour"], strict=True)
    return [
        Portrait(picture, _rgb(PALETTE["hair"][hair]), _rgb(PALETTE["skin"][skin]))
        for picture, (hair, skin) in zip(pictures, names, strict=True)
        if hair in PALETTE["hair"] and skin in PALETTE["skin"]
    ]


def missing(portraits: Sequence[Portrait], judge: nn.Module, most: int) -> Missing:
    """Alter the first `most` portraits in which both can be done, and let `judge` compare."""
    altered = []
    for portrait in portraits:
        one, six = one_wrong(portrait), six_longer(portrait)
        if one is not None and six is not None:
            altered.append((portrait.picture, one, six))
        if len(altered) == most:
            break
    real, one, six = (np.stack(pictures) for pictures in zip(*altered, strict=True))
    inputs = [as_input(pictures) for pictures in (real, one, six)]
    scores = [in_company(judge, pictures).double() for pictures in inputs]
    loss_one, loss_six = ((other - inputs[0]).square().flatten(1).mean(1).double().numpy() for other in inputs[1:])
    drop_one, drop_six = ((scores[0] - other).numpy() for other in scores[1:])
    return Missing(real, one, six, loss_one, loss_six, drop_one, drop_six)


def one_wrong(portrait: Portrait) -> Pictures | None:
    """The picture with one pixel in the middle of the skin, skin on all sides, in the colour of the hair or of the background,
    whichever is less like skin, so that the eye sees it; None without room."""
    skin = _like(portrait.picture, portrait.skin)
    inside = skin.copy()
    for axis in (0, 1):
        inside = inside & np.roll(inside, 1, axis) & np.roll(inside, -1, axis)
    rows, columns = np.nonzero(inside)
    if not len(rows):
        return None
    every = np.nonzero(skin)
    nearest = np.hypot(rows - every[0].mean(), columns - every[1].mean()).argmin()
    altered = portrait.picture.copy()
    altered[rows[nearest], columns[nearest]] = max(portrait.hair, _rgb(BACKGROUND), key=lambda it: math.dist(it, portrait.skin))
    return altered


def six_longer(portrait: Portrait) -> Pictures | None:
    """The picture with a lock that is longer by two pixels on two neighbouring lines, its soft tip moved along: six pixels of
    background that change. It grows downwards where it can, else to a side, else upwards; None without room."""
    for turns in (0, 1, 3, 2):
        turned = np.rot90(portrait.picture, turns)
        place = _lock(_like(turned, portrait.hair), _like(turned, _rgb(BACKGROUND)))
        if place is not None:
            altered = turned.copy()
            row, column = place
            lines = slice(column, column + _WIDE)
            altered[row + 1 + _LONGER, lines] = turned[row + 1, lines]
            altered[row + 1 : row + 1 + _LONGER, lines] = portrait.hair
            return np.rot90(altered, -turns)
    return None


def _lock(hair: Mask, ground: Mask) -> tuple[int, int] | None:
    """The lowest row, and the first column, of hair with a soft tip below it and then background, on `_WIDE` columns."""
    clear: Mask = np.ones_like(hair[: -(_LONGER + 3)])
    high = len(clear)
    for below in range(2, _LONGER + 4):  # one row of background is left below what grows
        np.logical_and(clear, ground[below : below + high], out=clear)
    tip = ~hair[1 : 1 + high] & ~ground[1 : 1 + high]
    found = hair[:high] & tip & clear
    pair = found[:, :-1] & found[:, 1:]
    rows, columns = np.nonzero(pair)
    return (int(rows[-1]), int(columns[-1])) if len(rows) else None


def _like(picture: Pictures, colour: Colour) -> Mask:
    furthest = np.abs(picture.astype(np.int16) - np.array(colour, np.int16)).max(axis=-1)
    return np.asarray(furthest <= _ALIKE)


def _rgb(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def draw_missing(found: Missing, columns: int = 8) -> "Figure":
    """Examples above; below, the two losses and the two drops of the score, one against the other, a point a picture."""
    figure = canvas(9.2, 8.2)
    layout = figure.add_gridspec(2, 2, height_ratios=[1, 1.15])
    chosen = np.flatnonzero(found.pixels_prefer_one)[:columns]
    rows = np.concatenate([found.real[chosen], found.one[chosen], found.six[chosen]])
    show(figure.add_subplot(layout[0, :]), rows, columns, ["real", "one pixel wrong", "six of a lock"])
    sides = (
        ("mean squared difference of pixels", found.loss_one, found.loss_six, "below the line, the pixels prefer the six"),
        ("by how much D's score falls", found.drop_one, found.drop_six, "below the line, D prefers the six"),
    )
    for column, (title, one, six, note) in enumerate(sides):
        axes = ruled(figure.add_subplot(layout[1, column]))
        prefers = six < one
        axes.plot(one[prefers], six[prefers], ".", color=REAL, markersize=4, label=f"{prefers.mean():.0%} prefer the six")
        axes.plot(one[~prefers], six[~prefers], ".", color=MADE, markersize=4, label=f"{(~prefers).mean():.0%} prefer the one")
        axes.axline((0, 0), slope=1, color=QUIET, linewidth=1)
        axes.set(title=title, xlabel="of one wrong pixel", ylabel=f"of six that lengthen a lock\n({note})")
        axes.legend(loc="lower right")
    return figure
