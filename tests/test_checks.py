"""Checks: what each is meant to find is found, what is like it but sound is not, and a person has the last word."""

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from drawing import encode, pixels, put
from numpy.typing import NDArray
from PIL import Image

from bench.judged import ours
from bench.planter import plant
from bench.tally import DEFECT, INNOCENT, tally
from ganlib.config import load
from ganlib.errors import AtelierError
from ganlib.pictures import fences
from ganlib.pictures.candidates import Candidates
from ganlib.pictures.checks.labels import label_suspects
from ganlib.pictures.config import CurateConfig
from ganlib.pictures.crew import Here
from ganlib.pictures.decode import Pixels, Refused, examine
from ganlib.pictures.duplicates import register
from ganlib.pictures.duplicates.groups import worse_of
from ganlib.pictures.duplicates.register import residuals, rough_residuals
from ganlib.pictures.duplicates.smooth import maps
from ganlib.pictures.duplicates.synthetic import brightened, cropped, saved_again, shifted
from ganlib.pictures.duplicates.tangent import (
    describe,
    mirrored,
    squared_distances,
    squared_distances_of_pairs,
    worst_of_pairs,
)
from ganlib.pictures.duplicates.twins import Pair
from ganlib.pictures.measures import measure as measure_all
from ganlib.pictures.points import DIMENSIONS
from ganlib.pictures.raw import Label, RawPicture
from ganlib.pictures.shelf import Shelf
from ganlib.pictures.shelves import COMPARED
from ganlib.pictures.sources.portraits import _draw
from ganlib.pictures.strangers import strangers
from tasks.curate import curate

ROOT = Path(__file__).parents[1]
SIDE = 64


def faces(number: int, style: str = "lorelei", seed: int = 5) -> Pixels:
    """Portraits, uint8 [number, 64, 64, 3]."""
    drawn = (_draw(style, seed, SIDE, place).data for place in range(number))  # type: ignore[arg-type]
    return np.stack([np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in drawn])


@pytest.fixture(scope="module")
def portraits() -> Pixels:
    """Some portraits, drawn once."""
    return faces(60)


def measure(view: Pixels) -> SimpleNamespace:
    """What is measured on one view."""
    return SimpleNamespace(**{name: values[0] for name, values in measure_all(view[None]).items()})


def _verdicts(pictures: Sequence[RawPicture], out: Path, config: CurateConfig, overrides: Path | None = None) -> pd.DataFrame:
    curate(config, iter(pictures), len(pictures), out, overrides)
    return pd.read_parquet(out / "verdicts.parquet").set_index("path")


def _raw(views: Pixels) -> list[RawPicture]:
    return [RawPicture(f"{place}.png", encode(view)) for place, view in enumerate(views)]


# ---- what is measured on one picture


def test_blur_in_any_direction_makes_details_rare(portraits: Pixels) -> None:
    """Sharpness falls to less than two thirds, whether all is blurred or one direction; and it does not depend on contrast."""
    import cv2

    for view in portraits[:10]:
        sharp = measure(view).sharpness
        for size in ((7, 7), (7, 1), (1, 7)):
            assert measure(np.asarray(cv2.blur(view, size), np.uint8)).sharpness < 0.67 * sharp
        assert measure(view // 2 + 60).sharpness == pytest.approx(sharp, rel=0.1)


def test_noise_is_seen_where_a_picture_is_quiet(portraits: Pixels) -> None:
    """Drawings have no grain at all; noise of 25 levels, and specks on one pixel in twenty, have."""
    dice = np.random.default_rng(0)
    for view in portraits[:10]:
        noisy = np.clip(view + dice.normal(0, 25, view.shape), 0, 255).astype(np.uint8)
        specks = np.where(dice.random(view.shape[:2])[..., None] < 0.05, 0, view).astype(np.uint8)
        assert measure(view).grain < 0.1
        assert min(measure(noisy).grain, measure(specks).grain) > 2


def test_a_texture_is_no_noise() -> None:
    """Gravel and leaves vary from pixel to pixel as noise does, and a median takes as much away; but neighbours are alike."""
    import cv2

    dice = np.random.default_rng(0)
    white = dice.normal(0, 1, (20, SIDE, SIDE))
    rough = np.stack([cv2.GaussianBlur(one, (0, 0), 0.7) for one in white])
    noise, texture = (
        np.repeat(np.clip(128 + 40 * some / some.std(), 0, 255).astype(np.uint8)[..., None], 3, axis=3) for some in (white, rough)
    )
    for view in texture:
        assert np.median(cv2.absdiff(view, cv2.medianBlur(view, 3))) > 5
    assert measure_all(texture)["grain"].max() == 0
    assert measure_all(noise)["grain"].min() > 10


def test_measures_of_what_is_known() -> None:
    """A flat picture, one with a square in it, black and white halves, and stripes as of text."""
    flat = np.full((SIDE, SIDE, 3), 200, np.uint8)
    found = measure(flat)
    assert (found.spread, found.busy, found.dark, found.light, found.white, found.grain, found.lines) == (0, 0, 200, 200, 0, 0, 0)
    square = flat.copy()
    square[10:18, 10:18] = (0, 90, 0)
    assert measure(square).busy == 64 / SIDE**2
    halves = np.zeros_like(flat)
    halves[:32] = 255
    found = measure(halves)
    assert (found.spread, found.dark, found.light, found.white) == (127.5, 0, 255, 0.5)
    stripes = np.full_like(flat, 255)
    stripes[np.arange(SIDE) % 8 < 4] = 40
    assert measure(stripes).lines > 0.8
    assert measure(np.swapaxes(stripes, 0, 1)).lines == 0


def test_fences_are_tukeys() -> None:
    """Of 0 to 100: quartiles 25 and 75, so 1.5 ranges above is 150; and no fence for a few values."""
    values = np.arange(101.0)
    assert (fences.upper(values, 1.5), fences.lower(values, 1.5)) == (150, -50)
    assert (fences.upper(values[:10], 1.5), fences.lower(values[:10], 1.5)) == (np.inf, -np.inf)


# ---- duplicates


def test_the_tangent_distance_hardly_sees_a_shift(portraits: Pixels) -> None:
    """To itself 0; to itself shifted by a pixel less than to any other portrait; and the nearest are found, oneself left out."""
    known = describe(portraits)
    moved = describe(np.stack([shifted(view, 1, 1) for view in portraits]))
    apart = squared_distances(moved, known[:, 0])
    assert squared_distances(known, known[:, 0]).diagonal().max() < 1e-4
    assert (apart.argmin(1).numpy() == np.arange(len(portraits))).all()
    assert apart.diagonal() == pytest.approx(squared_distances_of_pairs(moved, known[:, 0]), abs=1e-4)


def test_the_mirror_image_of_a_descriptor_is_that_of_the_mirror_image(portraits: Pixels) -> None:
    """The same point, and the same plane: as far from every other point."""
    turned, others = describe(portraits[:, :, ::-1]), describe(portraits)[:, 0]
    assert mirrored(describe(portraits))[:, 0] == pytest.approx(turned[:, 0], abs=1e-5)
    assert squared_distances(mirrored(describe(portraits)), others) == pytest.approx(squared_distances(turned, others), abs=1e-4)


def test_a_copy_leaves_nothing_other_eyes_do(portraits: Pixels) -> None:
    """Shifted, stretched, brightened: a few levels are left; another face with the same hair: many."""
    a = portraits[:8]
    copies = {
        "shifted": np.stack([shifted(view, 2, -1) for view in a]),
        "darker": (a * 0.85).astype(np.uint8),
        "cropped": np.stack(
            [np.asarray(Image.fromarray(view[2:62, 2:62]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for view in a]
        ),
    }
    for name, copy in copies.items():
        assert residuals(maps(a), maps(copy))[0][:, 0].max() < 12, name
    eyes = a.copy()
    eyes[:, 28:33, 26:31] = 255 - eyes[:, 28:33, 26:31]
    assert residuals(maps(a), maps(eyes))[0][:, 0].min() > 16


@pytest.mark.parametrize(
    "tone",
    [
        pytest.param(lambda view: (view - view.mean()) * 0.8 + view.mean(), id="less contrast"),
        pytest.param(lambda view: view * 0.7 + 60, id="veiled"),
        pytest.param(lambda view: (view - view.mean()) * 1.2 + view.mean(), id="more contrast"),
        pytest.param(lambda view: 255 * (view / 255) ** 0.8, id="gamma 0.8"),
        pytest.param(lambda view: 255 * (view / 255) ** 1.25, id="gamma 1.25"),
    ],
)
def test_other_levels_leave_little_and_other_eyes_much(portraits: Pixels, tone: Callable[[Pixels], NDArray[np.float64]]) -> None:
    """What a scanner or an editor does to all levels is taken out, and does not hide that two pictures differ."""
    a = portraits[:8]
    toned = np.stack([np.rint(tone(view)).clip(0, 255).astype(np.uint8) for view in a])
    assert min_of(residuals(maps(a), maps(toned))).max() < 12
    eyes = toned.copy()
    eyes[:, 28:33, 26:31] = 255 - eyes[:, 28:33, 26:31]
    assert min_of(residuals(maps(a), maps(eyes))).min() > 16


def test_the_same_shape_in_other_inks_on_another_ground_is_no_copy() -> None:
    """Grey on white and black on grey: of two levels any gain and bias would explain everything."""
    shape = np.zeros((1, SIDE, SIDE, 3), bool)
    shape[:, 16:40, 20:44] = shape[:, 40:52, 8:30] = True
    light, dark = (np.where(shape, *levels).astype(np.uint8) for levels in ((110, 255), (0, 150)))
    assert min_of(residuals(maps(light), maps(dark))).min() > 16


def min_of(left: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """At the worst patch, [P], whichever way fits."""
    return torch.minimum(*(way[:, 0] for way in left))


def test_a_glance_at_descriptors_tells_other_eyes_from_a_copy(portraits: Pixels) -> None:
    """What a shift or a JPEG leaves is small everywhere; other eyes leave much where they are, though they are few pixels."""
    known = describe(portraits)
    copies = (np.stack([way(view) for view in portraits]) for way in (lambda view: shifted(view, 1, -1), saved_again))
    shift, jpeg = (worst_of_pairs(known, describe(copy)[:, 0]) for copy in copies)
    eyes = portraits.copy()
    eyes[:, 26:36, 24:34] = 255 - eyes[:, 26:36, 24:34]
    other = worst_of_pairs(known, describe(eyes)[:, 0])
    assert (other > shift.maximum(jpeg)).all()
    assert other.median() > 4 * shift.maximum(jpeg).median()


def test_what_the_tangent_plane_explains_leaves_nothing_at_a_glance(portraits: Pixels) -> None:
    """A point of the plane itself: nothing is left anywhere."""
    known = describe(portraits[:4])
    on_it = known[:, 0] + 0.3 * known[:, 1] - 0.2 * known[:, 3]
    assert worst_of_pairs(known, on_it) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(lambda view: cropped(view, 2, 2, 2, 2), id="cropped"),
        pytest.param(lambda view: brightened(view, 1.12), id="brighter"),
        pytest.param(lambda view: brightened(view, 0.85), id="darker"),
        pytest.param(lambda view: shifted(view, 1, 1), id="shifted"),
        pytest.param(lambda view: np.rint((view - 200.0) * 0.8 + 200).astype(np.uint8), id="paler"),
        pytest.param(lambda view: np.rint(255 * (view / 255) ** 1.25).astype(np.uint8), id="with gamma"),
    ],
)
def test_a_copy_of_a_picture_in_ink_is_known_though_little_but_black_and_white_is_there(copy: Callable[[Pixels], Pixels]) -> None:
    """Of what is neither there is one level alone, which tells nothing of gain; and white swallows what is brighter."""
    import cv2

    ink = np.full((1, SIDE, SIDE, 3), 215, np.uint8)
    cv2.circle(ink[0], (32, 30), 19, (255, 255, 255), -1, cv2.LINE_AA)
    cv2.circle(ink[0], (32, 30), 19, (0, 0, 0), 2, cv2.LINE_AA)
    cv2.ellipse(ink[0], (32, 20), (20, 12), 0, 180, 360, (0, 0, 0), -1, cv2.LINE_AA)
    cv2.line(ink[0], (26, 38), (37, 40), (0, 0, 0), 2, cv2.LINE_AA)
    copied = copy(ink[0])[None]
    known, found = describe(ink), describe(copied)
    assert min(squared_distances(known, found[:, 0]).item(), squared_distances(found, known[:, 0]).item()) < 0.01
    assert min(left[0, 0] for left in residuals(maps(ink), maps(copied))) < 6
    grey, copied_grey = (maps(view).mean(1, keepdim=True) for view in (ink, copied))
    assert max(rough_residuals(grey, copied_grey), rough_residuals(copied_grey, grey)) < 20


def test_a_difference_in_colour_counts_for_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """A square of another hue, as bright, leaves half of what it would if colour counted as brightness does."""
    plain = np.full((1, SIDE, SIDE, 3), 120, np.uint8)
    plain[0, 4:60, 4:60] = 130
    redder = plain.copy()
    redder[0, 28:36, 28:36, 0] += 20
    redder[0, 28:36, 28:36, 1] -= 20
    left = residuals(maps(plain), maps(redder))[0][0, 0].item()
    monkeypatch.setattr(register, "_COLOUR", 1.0)
    assert left == pytest.approx(residuals(maps(plain), maps(redder))[0][0, 0].item() / 2, rel=1e-3)


class _Known:
    """Twins as they are told."""

    def __init__(self, pairs: list[Pair], cut: float = 1.0) -> None:
        self._pairs, self.cut = pairs, cut

    def pairs(self) -> list[Pair]:
        return [pair for pair in self._pairs if pair.left <= self.cut]

    def left(self, first: int, others: Sequence[int], roughly: bool = False) -> list[float]:
        known = {frozenset((pair.first, pair.second)): pair.left for pair in self._pairs}
        return [known.get(frozenset((first, other)), np.inf) for other in others]


def test_of_a_group_the_best_stays() -> None:
    """Three alike: the one of most merit stays. A chain whose ends differ: what is no twin of the one that stays, stays, too."""
    alike = _Known([Pair(0, 1, 0.1), Pair(1, 2, 0.2), Pair(0, 2, 0.3)])
    assert sorted(worse_of(alike, [1, 3, 2])) == [(0, 1, 0.1), (2, 1, 0.2)]
    chain = _Known([Pair(0, 1, 0.1), Pair(1, 2, 0.2), Pair(0, 2, 5.0)])
    assert list(worse_of(chain, [3, 2, 1])) == [(1, 0, 0.1)]


def test_of_a_very_large_group_the_same_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is compared beside what is known: a clique, and a chain of which every other one stays."""
    clique = _Known([Pair(first, second, 0.1) for first in range(8) for second in range(first + 1, 8)])
    chain = _Known([Pair(place, place + 1, 0.1) for place in range(9)])
    merits = list(range(10, 0, -1))
    expected = [sorted(worse_of(known, merits)) for known in (clique, chain)]
    for most in ("_COMPARED", "_EACH"):
        monkeypatch.setattr(f"ganlib.pictures.duplicates.groups.{most}", 0)
    assert [sorted(worse_of(known, merits)) for known in (clique, chain)] == expected
    assert [worse for worse, _, _ in expected[1]] == [1, 3, 5, 7, 9]


def test_of_hundreds_of_copies_one_stays() -> None:
    """Though of each only those nearest to it are known: five hundred, which are compared with the best of them, and no more."""
    compared = list[tuple[int, bool]]()

    class Alike(_Known):
        def left(self, first: int, others: Sequence[int], roughly: bool = False) -> list[float]:
            compared.append((len(others), roughly))
            return [0.5] * len(others)

    ring = Alike([Pair(*sorted((place, (place + step) % 500)), 0.1) for place in range(500) for step in (1, 2)])
    assert sorted(worse for worse, _, _ in worse_of(ring, list(range(500)))) == list(range(499))
    assert compared == [(495, True)]


def test_a_film_that_moves_is_compared_as_far_as_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain of six hundred, each a twin of the next two: a third stays, whether all is compared or little."""
    film = _Known([Pair(place, place + step, 0.1) for step in (1, 2) for place in range(600 - step)])
    merits = list(range(600, 0, -1))
    expected = sorted(worse_of(film, merits))
    assert [worse for worse, _, _ in expected] == [place for place in range(600) if place % 3]
    monkeypatch.setattr("ganlib.pictures.duplicates.groups._COMPARED", 1000)
    monkeypatch.setattr("ganlib.pictures.duplicates.groups._EACH", 1)
    assert sorted(worse_of(film, merits)) == expected


def test_copies_are_found_wherever_they_stand_in_the_source(tmp_path: Path, portraits: Pixels) -> None:
    """Each beside its original, so that what is compared to know how unlike others are is full of twins."""
    raw = [picture for place, view in enumerate(portraits[:20]) for picture in _with_copy(place, view)]
    found = _verdicts(raw, tmp_path / "out", CurateConfig(size=16))
    assert found["reason"].value_counts().to_dict() == {"": 20, "near-duplicate": 20}
    assert found.loc[~found["kept"], "twin_of"].to_dict() == {f"{place}.jpg": f"{place}.png" for place in range(20)}


def _with_copy(place: int, view: Pixels) -> list[RawPicture]:
    return [RawPicture(f"{place}.png", encode(view)), RawPicture(f"{place}.jpg", encode(view, "JPEG", quality=80))]


def test_what_is_set_aside_itself_stays_in_no_ones_place(tmp_path: Path, portraits: Pixels) -> None:
    """A noisy copy that was found before its original: the copy goes for the original, and not both, one for the other's sake."""
    dice = np.random.default_rng(0)
    noisy = np.clip(portraits[:2] + dice.normal(0, 12, portraits[:2].shape), 0, 255).astype(np.uint8)
    copies = [RawPicture(f"copy-{place}.png", encode(view)) for place, view in enumerate(noisy)]
    found = _verdicts([*copies, *_raw(portraits)], tmp_path / "out", CurateConfig(size=16))
    alone = _verdicts([*copies, *_raw(portraits[2:])], tmp_path / "alone", CurateConfig(size=16))
    assert set(alone.loc[["copy-0.png", "copy-1.png"], "reason"]) == {"noisy"}
    for place in range(2):
        assert found.loc[f"{place}.png", "kept"]
        assert found.loc[f"copy-{place}.png", ["kept", "reason", "twin_of"]].tolist() == [False, "near-duplicate", f"{place}.png"]


def test_a_sharp_picture_is_better_than_a_larger_blurred_copy(tmp_path: Path, portraits: Pixels) -> None:
    """Pixels that show nothing do not count."""
    import cv2

    large = np.asarray(cv2.GaussianBlur(cv2.resize(portraits[0], (192, 192)), (0, 0), 4.0), np.uint8)
    raw = [*_raw(portraits[:12]), RawPicture("large.png", encode(large))]
    found = _verdicts(raw, tmp_path / "out", CurateConfig(size=64, ignore=("blurred",)))
    assert found.loc["0.png", "kept"]


def test_a_veiled_picture_is_pale(tmp_path: Path, portraits: Pixels) -> None:
    """A sixth of its contrast, in a bright and in a dark grey; what has a half of it stays."""
    veiled = [np.rint((portraits[place] - 128.0) / 6 + grey).astype(np.uint8) for place, grey in ((0, 100), (1, 160))]
    half = np.rint(portraits[2] / 2 + 64).astype(np.uint8)
    raw = [*_raw(portraits[3:]), *(RawPicture(f"veiled-{place}.png", encode(view)) for place, view in enumerate(veiled))]
    found = _verdicts([*raw, RawPicture("half.png", encode(half))], tmp_path / "out", CurateConfig(size=64))
    assert set(found.index[found["reason"] == "pale"]) == {"veiled-0.png", "veiled-1.png"}
    assert found.loc["half.png", "kept"]


# ---- what does not belong


def test_strangers_alone_and_in_a_group_of_their_own() -> None:
    """A cloud of 600 features, three far from it, and twenty close together elsewhere: those 23, and nobody of the cloud."""
    dice = np.random.default_rng(0)
    cloud = np.concatenate([np.full((600, 1), 3.0), dice.normal(0, 0.3, (600, 31))], axis=1)
    alone = np.zeros((3, 32))
    alone[np.arange(3), [5, 10, 15]] = 3
    group = np.concatenate([np.zeros((20, 20)), np.full((20, 1), 3.0), dice.normal(0, 0.1, (20, 11))], axis=1)
    features = np.concatenate([cloud, alone, group]).astype(np.float32)
    points = features / np.linalg.norm(features, axis=1, keepdims=True)
    nearest = np.argsort(np.linalg.norm(points[:, None] - points, axis=2), axis=1)[:, 1:51]
    found = list(strangers(points, nearest, len(points)))
    assert {stranger.place for stranger in found if stranger.aside} == set(range(600, 623))
    assert all(stranger.distance > stranger.threshold for stranger in found if stranger.aside)
    just = [stranger.distance for stranger in found if not stranger.aside]
    assert len(just) == 6
    assert all(distance <= found[0].threshold for distance in just)


def test_a_label_that_all_neighbours_contradict_is_noted(tmp_path: Path) -> None:
    """Two clouds with a label each, two pictures that were mixed up: those two, and they stay."""
    dice = np.random.default_rng(0)
    clouds = [np.concatenate([dice.normal(0, 0.1, (60, 7)), np.full((60, 1), side)], axis=1) for side in (-1.0, 1.0)]
    classes: list[Label] = ["cat" if place < 60 else "dog" for place in range(120)]
    classes[7], classes[100] = "dog", "cat"
    with Shelf(tmp_path, COMPARED) as shelf:
        rows = shelf.rows([dice.bytes(16) for _ in range(120)])
        points = np.zeros((120, DIMENSIONS), np.float32)
        points[:, :8] = np.concatenate(clouds)
        shelf["point"].put(rows, points)
        candidates = Candidates(shelf, rows, np.empty(0), SIDE, Here(), {"class": classes, "age": [3.0] * 120}, kept=range(120))
        found = list(label_suspects(candidates))
    assert [finding.row for finding in found] == [7, 100]
    assert all(finding.note and not finding.aside for finding in found)


def test_too_large_a_share_set_aside_stops_the_night(tmp_path: Path, portraits: Pixels) -> None:
    """Nothing is replaced, and the words say what to do."""
    flat = [RawPicture(f"flat{level}.png", encode(np.full((SIDE, SIDE, 3), level, np.uint8))) for level in range(50)]
    with pytest.raises(AtelierError, match=r"at most 50% .*curate.gate.*, found 50 of 60 \(flat: 50\).*raise curate.gate"):
        _verdicts([*_raw(portraits[:10]), *flat], tmp_path / "out", CurateConfig(size=16))
    assert not (tmp_path / "out").exists()
    found = _verdicts([*_raw(portraits[:10]), *flat], tmp_path / "out", CurateConfig(size=16, gate=0.9))
    assert found["kept"].sum() == 10


# ---- files in odd forms


@pytest.mark.parametrize(
    ("name", "form", "mode", "options", "note"),
    [
        ("a.jpg", "PNG", "RGB", {}, "wrong-extension"),
        ("a.jpg", "JPEG", "CMYK", {}, "cmyk"),
        ("a.png", "PNG", "P", {}, "palette"),
        ("a.png", "PNG", "RGBA", {}, "alpha"),
        ("a.png", "PNG", "I;16", {}, "deep"),
    ],
)
def test_what_is_unusual_is_noted(name: str, form: str, mode: str, options: dict[str, object], note: str) -> None:
    """Read, and noted."""
    picture = Image.fromarray(pixels(3, 20))
    if mode == "RGBA":
        picture.putalpha(100)
    converted = Image.fromarray(np.arange(400, dtype=np.uint16).reshape(20, 20)) if mode == "I;16" else picture.convert(mode)
    stream = io.BytesIO()
    converted.save(stream, form, **options)
    found = examine(name, stream.getvalue())
    assert found.notes == (note,)
    assert (found.width, found.height, found.lossless) == (20, 20, form == "PNG")
    assert found.pixels.shape == (20, 20, 3)


def test_turned_and_animated_are_noted() -> None:
    """A camera held upright; two frames."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert examine("a.jpg", encode(pixels(3, 20), "JPEG", exif=exif)).notes == ("turned",)
    frames = [Image.fromarray(pixels(seed, 20)) for seed in range(2)]
    stream = io.BytesIO()
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert examine("a.webp", stream.getvalue()).notes == ("animated",)
    assert examine("a.png", encode(pixels(3, 20))).notes == ()


def test_every_flipped_byte_of_a_png_is_noticed() -> None:
    """Decoders look at some checksums only."""
    data = encode(pixels(3, 24))
    for place in range(8, len(data), 7):
        with pytest.raises(Refused):
            examine("a.png", data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])


# ---- a person has the last word


def test_overrides_win_over_every_check(tmp_path: Path, portraits: Pixels) -> None:
    """A flat picture that is to be kept, a portrait that is to be dropped, and a row that names no picture."""
    flat = RawPicture("flat.png", encode(np.full((SIDE, SIDE, 3), 9, np.uint8)))
    config = CurateConfig(size=16)
    plain = _verdicts([*_raw(portraits[:8]), flat], tmp_path / "plain", config)
    assert plain["reason"].to_dict() == {**{f"{place}.png": "" for place in range(8)}, "flat.png": "flat"}
    table = put(tmp_path / "overrides.csv", b"path,verdict,why\nflat.png,keep,a blank page\n3.png,drop,ugly\nnone.png,drop,\n")
    decided = _verdicts([*_raw(portraits[:8]), flat], tmp_path / "decided", config, table)
    assert decided.loc["flat.png", ["kept", "notes"]].tolist() == [True, "kept-by-hand"]
    assert decided.loc["3.png", ["kept", "reason"]].tolist() == [False, "dropped-by-hand"]


def test_of_two_equal_ones_the_one_that_is_to_be_kept_stays(tmp_path: Path, portraits: Pixels) -> None:
    """A data set holds every picture once; which of two, a person may say, by a name as odd as it comes."""
    odd = "b\\xff.png"
    raw = [*_raw(portraits[:4]), RawPicture(odd, encode(portraits[0]))]
    table = put(tmp_path / "overrides.csv", f"path,verdict\n{odd},keep\n".encode())
    found = _verdicts(raw, tmp_path / "out", CurateConfig(size=16), table)
    assert found.loc["0.png", ["kept", "reason", "twin_of"]].tolist() == [False, "exact-duplicate", odd]
    assert found.loc[odd, "kept"]


def test_a_copy_does_not_take_the_place_of_what_a_person_dropped(tmp_path: Path, portraits: Pixels) -> None:
    """What has the same pixels goes with it, unless it is to be kept itself."""
    raw = [*_raw(portraits[:4]), *(RawPicture(name, encode(portraits[0])) for name in ("again.png", "wanted.png"))]
    table = put(tmp_path / "overrides.csv", b"path,verdict\n0.png,drop\n")
    found = _verdicts(raw, tmp_path / "out", CurateConfig(size=16), table)
    assert found.index[found["kept"]].tolist() == ["1.png", "2.png", "3.png"]
    assert set(found.loc[["0.png", "again.png", "wanted.png"], "reason"]) == {"dropped-by-hand"}
    put(table, b"path,verdict\n0.png,drop\nwanted.png,keep\n")
    found = _verdicts(raw, tmp_path / "kept", CurateConfig(size=16), table)
    assert found.index[found["kept"]].tolist() == ["1.png", "2.png", "3.png", "wanted.png"]


def test_the_twin_that_is_named_is_one_that_stays(tmp_path: Path, portraits: Pixels) -> None:
    """Two equal ones are both smaller copies of a third: each goes for that, in the table and on the page."""
    small = encode(np.asarray(Image.fromarray(portraits[0]).resize((24, 24), Image.Resampling.LANCZOS)))
    raw = [*_raw(portraits), RawPicture("a1.png", small), RawPicture("a2.png", small)]
    found = _verdicts(raw, tmp_path / "out", CurateConfig(size=32))
    reasons = found.loc[["a1.png", "a2.png"], ["reason", "twin_of"]].values.tolist()
    assert reasons == [["near-duplicate", "0.png"], ["exact-duplicate", "0.png"]]
    page = (tmp_path / "out/verdicts.html").read_text(encoding="utf-8")
    assert page.count("stays: 0.png") == 2


def test_rows_of_overrides_that_decide_nothing_are_named(
    tmp_path: Path, portraits: Pixels, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, by name."""
    table = put(tmp_path / "overrides.csv", b"path,verdict\nnone.png,drop\n")
    _verdicts(_raw(portraits[:4]), tmp_path / "out", CurateConfig(size=16), table)
    assert f"{table}: no picture has the path none.png; 1 rows decided nothing." in capsys.readouterr().err


def test_what_cannot_be_kept_is_named(tmp_path: Path, portraits: Pixels, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no picture, and the second of two equal ones that are both to be kept: nobody can keep them."""
    raw = [*_raw(portraits[:4]), RawPicture("again.png", encode(portraits[0])), RawPicture("words.png", b"words")]
    table = put(tmp_path / "overrides.csv", b"path,verdict\n0.png,keep\nagain.png,keep\nwords.png,keep\n")
    found = _verdicts(raw, tmp_path / "out", CurateConfig(size=16), table)
    told = "what is again.png (exact-duplicate), words.png (not-a-picture) cannot be kept; 2 rows decided nothing."
    assert f"{table}: {told}" in capsys.readouterr().err
    assert found.loc["0.png", "notes"] == "kept-by-hand"
    assert not found.loc[["again.png", "words.png"], "kept"].any()
    assert set(found.loc[["again.png", "words.png"], "notes"]) == {""}


def test_another_verdict_is_refused(tmp_path: Path) -> None:
    """With file and line, whatever empty lines there are."""
    table = put(tmp_path / "overrides.csv", b"path,verdict\na.png,keep\n\nb.png,maybe\n")
    with pytest.raises(
        AtelierError, match=re.escape(f"{table}:4: expected keep or drop in the column verdict for b.png, found maybe")
    ):
        _verdicts([], tmp_path / "out", CurateConfig(size=16), table)


def test_a_reason_that_is_ignored_sets_nothing_aside(tmp_path: Path, portraits: Pixels) -> None:
    """`curate.ignore` in params.yaml; an unknown reason is refused, the nearest named first."""
    flat = RawPicture("flat", encode(np.full((SIDE, SIDE, 3), 90, np.uint8)))
    found = _verdicts([*_raw(portraits[:4]), flat], tmp_path / "out", CurateConfig(size=16, ignore=("flat", "nearly-empty")))
    assert found["kept"].all()
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    path = put(tmp_path / "params.yaml", text.replace("  ignore: []", "  ignore: [near-dupe]").encode())
    with pytest.raises(AtelierError, match=r"curate.ignore must be one of near-duplicate, .*got \['near-dupe'\]"):
        load(path)


# ---- what a person reads


def test_the_page_shows_what_was_set_aside(tmp_path: Path, portraits: Pixels) -> None:
    """By reason, with its twin, with near misses, escaped, and with nothing from elsewhere."""
    copy = RawPicture("<b>copy</b>.png", encode(shifted(portraits[0], 1, 0)))
    _verdicts([*_raw(portraits[:12]), copy], tmp_path / "out", CurateConfig(size=16))
    page = (tmp_path / "out" / "verdicts.html").read_text(encoding="utf-8")
    assert "12 of 13 pictures are kept" in page
    assert 'id="near-duplicate"' in page
    assert "&lt;b&gt;copy&lt;/b&gt;.png · stays: 0.png" in page
    assert "Kept, but only just" in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)


# ---- all of it


@pytest.mark.slow
def test_planted_defects_are_found_and_innocents_left_alone(tmp_path: Path) -> None:
    """Every defect six times among some 500 portraits: nearly all of the kinds that are promised; hardly an innocent."""
    strange = np.concatenate([_cloth(20), faces(20, "adventurer") // 4 * np.uint8([[[0, 1, 0]]])])
    truth = plant(tmp_path / "heap", faces(1000), strange, _cloth(40, 2), 0, each=6)
    rows = tally("portraits", truth, ours(tmp_path / "heap", SIDE), None)
    promised = {row.defect: row.ours / row.of for row in rows if row.about == DEFECT and row.bound is not None}
    assert len(promised) > 30
    assert min(promised.values()) >= 0.8, {defect: share for defect, share in promised.items() if share < 1}
    assert np.mean(list(promised.values())) >= 0.98
    innocent = next(row for row in rows if row.about == INNOCENT)
    assert innocent.of > 400
    assert innocent.ours <= 0.01 * innocent.of


def _cloth(number: int, seed: int = 0) -> NDArray[np.uint8]:
    """Woven patterns: nothing like a face, each seed of another kind."""
    dice = np.random.default_rng(seed)
    steps = np.arange(SIDE)
    waves = [
        np.sin(steps[:, None] * dice.uniform(0.3, 1.2) + seed) * np.cos(steps * dice.uniform(0.3, 1.2)) for _ in range(number)
    ]
    tint = dice.uniform(40, 120, (number, 1, 1, 3))
    return np.clip(128 + np.stack(waves)[..., None] * tint, 0, 255).astype(np.uint8)
