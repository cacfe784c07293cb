"""The default source: portraits of which everything is known, determined by style, seed and number."""

import io
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ganlib.pictures.sources import portraits
from ganlib.pictures.sources.portraits import PALETTE, Portraits, hair_lengths


def _rgb(colour: str) -> NDArray[np.int64]:
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])


def _share(data: bytes, colour: str) -> float:
    """The share of pixels that have exactly this colour, give or take one step a channel."""
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=int)
    return float((abs(picture - _rgb(colour)).max(axis=2) <= 1).mean())


@pytest.mark.parametrize("style", ["lorelei", "adventurer"])
def test_portraits_show_what_their_labels_say(style: portraits.Style) -> None:
    """The picture has the size asked for, and the colours of its labels are in it, on the plain background."""
    for picture in Portraits(style=style, number=12, size=96).pictures():
        assert Image.open(io.BytesIO(picture.data)).size == (96, 96)
        hair, skin = picture.labels.get("hair_colour"), picture.labels["skin_colour"]
        assert (hair is None) == (picture.labels["hair_length"] == 0)  # bald
        assert hair is None or _share(picture.data, PALETTE["hair"][str(hair)]) > 0.002
        assert _share(picture.data, PALETTE["skin"][str(skin)]) > 0.01
        assert _share(picture.data, portraits.BACKGROUND) > 0.1


def test_portraits_carry_licence_and_attribution() -> None:
    """The style's own licence and the words that it asks to be credited with come with every picture."""
    lorelei, adventurer = (next(Portraits(style=style, number=1).pictures()) for style in ("lorelei", "adventurer"))
    assert (lorelei.licence, adventurer.licence) == ("CC0 1.0", "CC BY 4.0")
    assert "Lisa Wischofsky" in adventurer.attribution


def test_portraits_do_not_depend_on_number_or_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first pictures of a long series, drawn in two processes, are those of a short one drawn here."""
    short = list(Portraits(number=3, size=16).pictures())
    monkeypatch.setattr(portraits, "FEW", 1)
    assert list(islice(Portraits(number=70, size=16).pictures(), 3)) == short


def test_portraits_of_another_seed_are_other_portraits() -> None:
    """Seeds and indices give different pictures; the size changes only the resolution."""
    knobs = Portraits(number=8, size=32)
    mine, other, larger = (list(k.pictures()) for k in (knobs, replace(knobs, seed=1), replace(knobs, size=64)))
    assert len({picture.data for picture in mine + other}) == 16
    assert [picture.labels for picture in mine] == [picture.labels for picture in larger]


def test_hair_length_orders_the_variants() -> None:
    """adventurer's own names agree with the measure: what it calls long is longer, and the bald head has no hair."""
    lengths = hair_lengths("adventurer")
    assert lengths["short19"] == 0  # bald
    long, short = ([value for name, value in lengths.items() if name.startswith(kind)] for kind in ("long", "short"))
    assert np.median(long) > np.median(short) + 0.2
    assert min(long) > min(value for value in short if value)
    assert all(0 <= value <= 1 for value in lengths.values())


def test_hair_length_is_where_the_hair_ends() -> None:
    """Drawn alone in black and white at another size, the longest and the shortest hair end where the measure says."""
    lengths = hair_lengths("lorelei")
    for variant in (min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)):
        svg, _ = portraits._avatar(
            "lorelei", seed="0", hairVariant=variant, hairColor=["#00ff00"], backgroundColor=["#ffffff"], beardProbability=0
        )
        picture = np.asarray(Image.open(io.BytesIO(portraits._png(svg, 512))).convert("RGB"), dtype=int)
        green = ((picture[..., 1] - picture[..., 0]) > 128).any(axis=1)
        assert np.flatnonzero(green)[-1] / 512 == pytest.approx(lengths[variant], abs=1 / 64)
