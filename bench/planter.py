"""A heap of pictures with known defects: clean ones, and some spoiled in every way that `DEFECTS` lists.

How well a curation works can only be said where the truth is known, so the truth is planted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from bench.defects import DEFECTS
from bench.defects.base import File, Origin, encode
from ganlib.errors import AtelierError
from ganlib.pictures.decode import Pixels


@dataclass(frozen=True)
class Planted:
    """What is true of one file. defect, kind: "" for an innocent one. twin_of: the innocent file that it is a copy of."""

    name: str
    defect: str = ""
    kind: str = ""
    twin_of: str | None = None


def plant(folder: Path, pictures: Pixels, strangers: Pixels, cluster: Pixels, seed: int, each: int = 20) -> pd.DataFrame:
    """Fill `folder` with files made of `pictures`, every defect `each` times; returns the truth, a row a file, by name.

    pictures: uint8 [N, H, W, 3], clean. Those that are spoiled into something else than a copy are not there unspoiled, too.
    strangers: pictures that do not belong, of several kinds; cluster: others of one kind. Names tell nothing, but for junk,
    which is junk by its name. The same arguments give the same bytes. Raises `AtelierError` where there are too few pictures.
    """
    dice = np.random.default_rng(seed)
    order = _shuffled(pictures, _needed("spare", each) + _needed("innocent", each), "clean pictures", dice)
    strange = _shuffled(strangers, _needed("stranger", each), "strangers", dice)
    alike = _shuffled(cluster, _needed("cluster", each), "pictures of one foreign kind", dice)
    spare, innocent = np.split(order, [_needed("spare", each)])
    stems = [f"a{number:06d}" for number in dice.permutation(len(innocent) + each * len(DEFECTS))]
    names = [f"{stem}.png" for stem in stems[: len(innocent)]]
    for row, name in zip(innocent, names, strict=True):
        _write(folder, name, File(encode(pictures[row])))
    copied = dice.permutation(len(innocent))
    stock: dict[Origin, Iterator[tuple[Pixels, str | None]]] = {
        "any": repeat((pictures[0], None)),
        "spare": ((pictures[row], None) for row in spare),
        "innocent": ((pictures[innocent[place]], names[place]) for place in copied),
        "stranger": ((strangers[row], None) for row in strange),
        "cluster": ((cluster[row], None) for row in alike),
    }
    truth = [Planted(name) for name in names]
    codes = [code for code in DEFECTS for _ in range(each)]
    for code, stem in zip(codes, stems[len(innocent) :], strict=True):
        picture, twin = next(stock[DEFECTS[code].of])
        file = DEFECTS[code].spoil(picture, dice)
        truth.append(Planted(_write(folder, file.name.format(stem), file), code, DEFECTS[code].kind, twin))
    return pd.DataFrame(truth).sort_values("name", ignore_index=True)


def _needed(of: Origin, each: int) -> int:
    """How many pictures of an origin the defects take."""
    return each * sum(defect.of == of for defect in DEFECTS.values())


def _shuffled(pictures: Pixels, least: int, what: str, dice: Generator) -> NDArray[np.int64]:
    """The rows of `pictures` in a random order."""
    if len(pictures) < least:
        raise AtelierError(
            f"Expected at least {least} {what} to plant defects with, found {len(pictures)}; nothing was written. "
            "Give more of them, or plant fewer defects of each kind."
        )
    return dice.permutation(len(pictures))


def _write(folder: Path, name: str, file: File) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.data)
    return name
