"""Clean pictures to plant defects among: four kinds that checks were tuned on, but other pictures, and one that they were not.

Thresholds were chosen on portraits of seeds 11 and 29, faces in ink of seeds 7-0, 8-0 and 9-0 on, the first training and the
first 3,000 test pictures of clothes, figures of blocks (Voxel Art), and the first 3,000 drawings: none of those is here. But what
is pale, turned or negative was looked at with the other drawings, too, of which there are no more; what is turned, and how
pictures are laid out, also with these clothes, and with people of seeds 9-0 on. Whose colours are wrong was tried on the same
portraits, faces, people and drawings as thresholds, and on twelve other styles of avatars.
"""

import io
import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from ganlib.pictures.decode import Pixels, decode
from ganlib.pictures.sources.idx import Idx
from ganlib.pictures.sources.portraits import Portraits, Style

SIDE = 64
FASHION = Path("/usr/share/datasets/fashion-mnist")  # where Debian's packages put them
DRAWINGS = Path("/usr/share/openclipart/svg")
_LARGEST = 300_000  # bytes of a drawing: a few larger ones would take as long as all others
_CHOSEN_ON = 3000  # of the drawings, in their random order, and of the clothes
_LEAST_DRAWN = 0.02  # of the pixels; less is a defect and no innocent
_APART = 3.0  # levels of 255, the root of the mean square: nobody can tell pictures that are nearer apart


def portraits(number: int, style: Style = "adventurer", seed: int = 37) -> Pixels:
    """Faces in colour, uint8 [number, 64, 64, 3], fewer where there are twins."""
    drawn = Portraits(style=style, number=number, size=SIDE, seed=seed).pictures()
    return _apart(np.stack([decode(picture.data) for picture in drawn]))


def ink(number: int) -> Pixels:
    """Faces in ink by another hand (Notionists by Zoish, CC0 1.0)."""
    return _avatars("notionists", number)


def unseen(number: int) -> Pixels:
    """Heads and shoulders drawn by hand (Open Peeps by Pablo Stanley, CC0 1.0)."""
    return _avatars("open-peeps", number)


def _avatars(name: str, number: int) -> Pixels:
    from dicebear import Avatar, Style

    style = Style(json.loads((files("dicebear_styles") / f"{name}.json").read_text(encoding="utf-8")))
    drawn = (Avatar(style, {"seed": f"11-{place}", "backgroundColor": ["#cfe0e8"]}).to_json()["svg"] for place in range(number))
    return _apart(np.stack([_on_white(svg) for svg in drawn]))


def fashion(number: int) -> Pixels:
    """Photographs of clothes in grey, enlarged from 28 pixels."""
    found = Idx(path=str(FASHION), parts=["t10k"]).pictures()
    chosen = islice(found, _CHOSEN_ON, _CHOSEN_ON + number)
    return _apart(np.stack([_enlarged(decode(picture.data)) for picture in chosen]))


def drawings(number: int) -> Pixels:
    """Clip art of everything there is, on white; some thousand pictures at most."""
    return _apart(np.stack(list(islice(_drawn(), _CHOSEN_ON, _CHOSEN_ON + number))))


SETS: dict[str, tuple[Callable[[int], Pixels], Path | None]] = {
    "portraits": (portraits, None),
    "ink": (ink, None),
    "unseen": (unseen, None),
    "fashion": (fashion, FASHION),
    "drawings": (drawings, DRAWINGS),
}


def draw(number: int) -> dict[str, Pixels]:
    """Up to so many pictures of each kind that is installed."""
    return {name: make(number) for name, (make, needs) in SETS.items() if needs is None or needs.exists()}


def _enlarged(picture: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _drawn() -> Iterator[Pixels]:
    """Drawings that resvg can draw and that show something, in a random order."""
    paths = sorted(path for path in DRAWINGS.rglob("*.svg") if path.parent.name != "stars")  # a program drew 1,400, all but alike
    for path in (paths[place] for place in np.random.default_rng(3).permutation(len(paths))):
        if path.stat().st_size > _LARGEST:
            continue
        try:
            picture = _on_white(path.read_text(encoding="utf-8"))
        except ValueError:  # not drawn: no size, no SVG, or no text
            continue
        if (picture.min(axis=2) < 240).mean() >= _LEAST_DRAWN:
            yield picture


def _on_white(svg: str) -> Pixels:
    """A drawing in the middle of a white square."""
    from resvg_py import svg_to_bytes

    with Image.open(io.BytesIO(svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE, skip_system_fonts=True))) as image:
        drawn = image.convert("RGBA")
    drawn.thumbnail((SIDE, SIDE))
    square = Image.new("RGBA", (SIDE, SIDE), "white")
    square.alpha_composite(drawn, ((SIDE - drawn.width) // 2, (SIDE - drawn.height) // 2))
    return np.asarray(square.convert("RGB"))


def _apart(pictures: Pixels) -> Pixels:
    """Without those that look the same as an earlier one, or as that in a mirror: a duplicate that is found is no false alarm."""
    values, turned = (some.reshape(len(pictures), -1).astype(np.float32) for some in (pictures, pictures[:, :, ::-1]))
    squares = (values**2).sum(axis=1)
    least = _APART**2 * values.shape[1] - squares[:, None] - squares
    alike = (-2 * values @ values.T <= least) | (-2 * values @ turned.T <= least)
    distinct: Pixels = pictures[~np.tril(alike, -1).any(axis=1)]
    return distinct
