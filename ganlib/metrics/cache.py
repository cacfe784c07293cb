"""Features kept on disk, so that real pictures go through the network once and not every night."""

import io
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganlib.files import digest_bytes, write_bytes
from ganlib.metrics.extractors.base import Extractor
from ganlib.metrics.features import Pictures, extract

#: Files that are kept; the oldest go first.
KEPT = 16


def cached_features(pictures: Pictures, extractor: Extractor, folder: Path | None, kind: str) -> NDArray[np.float32]:
    """The features of `pictures`, from `folder` when they lie there whole, else computed and put there; None keeps nothing."""
    if folder is None:
        return extract(pictures, extractor, kind)
    key = digest_bytes(digest_pictures(pictures).encode(), _identity(extractor).encode())
    found = _read(folder, key)
    if found is None:
        found = extract(pictures, extractor, kind)
        _write(folder, key, found)
    return found


def digest_pictures(pictures: Pictures) -> str:
    """The BLAKE2b digest of the shape and the pixels of [N, H, W, C]."""
    return digest_bytes(str(pictures.shape).encode(), np.ascontiguousarray(pictures).data)


def _identity(extractor: Extractor) -> str:
    parts = (extractor.weights, extractor.size, extractor.resize, extractor.quantisation, extractor.normalisation)
    return "|".join(map(str, (extractor.name, *parts, extractor.backend, torch.__version__)))


def _read(folder: Path, key: str) -> NDArray[np.float32] | None:
    """The array under `key`; its name ends in its own digest, so that a damaged file is as good as none."""
    for path in folder.glob(f"{key}-*.npy"):
        data = path.read_bytes()
        if digest_bytes(data) == path.stem.partition("-")[2]:
            path.touch()
            return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
        path.unlink(missing_ok=True)
    return None


def _write(folder: Path, key: str, features: NDArray[np.float32]) -> None:
    stream = io.BytesIO()
    np.save(stream, features, allow_pickle=False)
    write_bytes(folder / f"{key}-{digest_bytes(stream.getbuffer())}.npy", stream.getvalue())
    for old in sorted(folder.glob("*-*.npy"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)
