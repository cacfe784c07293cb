"""Pictures from the disk, for training and for scoring."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from bench.claim import Contest, NotHere, expect_close
from bench.peers import folder
from bench.places import temporary
from ganlib.metrics.extractors.base import Extractor
from ganlib.metrics.extractors.inception import Inception, build
from ganlib.metrics.features import extract
from ganlib.pictures.decode import decode
from ganlib.sampling.png import write_png
from ganlib.training.batches import Batches, dice_for

_SIZE, _BATCH = 64, 64


def batches() -> Contest:
    """1,024 pictures of 64 × 64, in batches of 64 in a random order: from the store, against a folder of PNG files."""
    pictures, place = _pictures(1024)
    store = place / "pictures.npy"
    np.save(store, pictures)
    mapped = np.load(store, mmap_mode="r")

    def ours() -> list[tuple[Tensor, Tensor]]:
        source = Batches(mapped, _BATCH, 0, False, torch.device("cpu"))
        return [source.at(images, dice_for(0, images)) for images in range(0, len(pictures), _BATCH)]

    order = torch.cat([rows for _, rows in ours()]).tolist()
    theirs, mine = folder.batches(place, order, _BATCH), [real for real, _ in ours()]
    expect_close("batches", float((torch.cat(theirs) - torch.cat(mine)).abs().max()), 1e-6)
    return Contest(lambda: folder.batches(place, order, _BATCH), ours, "every pixel", counted=False)


def features(by: Callable[[Extractor], Extractor] = lambda extractor: extractor, limit: float = 1e-4) -> Contest:
    """48 pictures of 64 × 64 to what Inception says of them, against pytorch-fid; weights are drawn at random.

    by: puts our extractor on another backend than torch. limit: how far the features may be off, as a share of their norm.
    """
    _, place = _pictures(48)
    torch.manual_seed(0)
    plain = _alive(Inception()).eval()
    official = build("", plain.state_dict())
    ours_like_theirs = by(replace(official, resizer=_bilinear, shift=127.5, scale=127.5))

    def ours() -> NDArray[np.float32]:
        paths = sorted(place.glob("*.png"))
        return extract(np.stack([decode(path.read_bytes()) for path in paths]), ours_like_theirs)

    theirs, mine = folder.features(place, plain, 50), ours()
    expect_close("features", float(np.linalg.norm(theirs - mine) / np.linalg.norm(theirs)), limit)
    same = f"the features to {limit:g}, both resized as pytorch-fid does"
    return Contest(lambda: folder.features(place, plain, 50), ours, same, counted=False)


def rounded_features(by: Callable[[Extractor], Extractor]) -> Contest:
    """The same by what is rounded on a backend, off by 2 % of the features' norm at most."""

    def rounded(exact: Extractor) -> Extractor:
        found = by(exact).rounded
        if found is None:
            raise NotHere("the backend computes in float32 on this processor")
        return found

    return features(rounded, 0.02)


def _bilinear(x: Tensor, size: int) -> Tensor:
    return interpolate(x, size=(size, size), mode="bilinear", align_corners=False)


def _alive(network: Inception) -> Inception:
    """Weights by fan-in, so that something is left after a hundred layers."""
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
    return network


def _pictures(number: int) -> tuple[NDArray[np.uint8], Path]:
    """Smooth random pictures, as photographs are rather than noise, and a folder with a PNG file of each."""
    place = temporary()
    coarse = torch.randn(number, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    smooth = interpolate(coarse, size=(_SIZE, _SIZE), mode="bicubic") * 60 + 128
    pictures = smooth.clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()
    for index, picture in enumerate(pictures):
        write_png(place / f"{index:05d}.png", picture)
    return pictures, place
