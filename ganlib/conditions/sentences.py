"""Sentences as a few numbers, each of which is asked for as any other number is: the directions in which captions differ most."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlib.conditions import encoder
from ganlib.errors import AtelierError
from ganlib.files import write_bytes

#: The file beside a published model.
FILE = "sentences.safetensors"
#: The share of sentences at either end whose numbers count as those of the last before them.
RARE = 0.01
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sentences:
    """name: of the label. encoder: the sha256 of who encodes. mean [384] and basis [384, k] take what it answers to k numbers."""

    name: str
    encoder: str
    mean: Floats
    basis: Floats

    @property
    def parts(self) -> list[str]:
        """The names of the numbers."""
        return [f"{self.name}.{place}" for place in range(1, self.basis.shape[1] + 1)]

    def numbers(self, texts: Sequence[Any]) -> Floats:
        """Of each sentence, [N, k]. Raises `AtelierError` for what is no sentence, and where the encoder is not the model's."""
        if self.encoder != encoder.WEIGHTS:
            raise AtelierError(
                f"{self.name}: expected the encoder of sentences with the sha256 {self.encoder}, with which it learnt, found "
                f"{encoder.WEIGHTS}; nothing was drawn. Ask by the numbers {self.parts[0]} to {self.parts[-1]}, or train anew."
            )
        return projected(encoder.encode([encoder.checked(text, self.name) for text in texts]), self.mean, self.basis)


def projected(encoded: Floats, mean: Floats, basis: Floats) -> Floats:
    """What is left of encoded sentences [N, 384]: [N, k]."""
    return np.asarray((encoded - mean) @ basis, np.float32)


def fitted(name: str, texts: Sequence[str], most: int) -> tuple[Sentences, Floats]:
    """The `most` directions in which these sentences differ most (principal components, of deviation 1), and the numbers that
    they give, without extremes."""
    encoded = encoder.encode([encoder.checked(text, name) for text in texts])
    mean = encoded.mean(axis=0)
    spread, vectors = np.linalg.eigh(np.cov((encoded - mean).astype(np.float64), rowvar=False))
    kept = [place for place in np.argsort(-spread)[:most] if spread[place] > 1e-9]
    if not kept:
        raise AtelierError(
            f"{name}: expected sentences that differ, found one that all pictures have; nothing was done. Leave it out."
        )
    basis = vectors[:, kept] / np.sqrt(spread[kept])
    basis *= np.sign(basis[np.abs(basis).argmax(axis=0), range(len(kept))])  # or the sign would be the machine's choice
    made = Sentences(name, encoder.WEIGHTS, mean.astype(np.float32), basis.astype(np.float32))
    numbers = projected(encoded, made.mean, made.basis)
    low, high = np.quantile(numbers, (RARE, 1 - RARE), axis=0)  # or a few odd sentences would squeeze all others together
    return made, np.asarray(np.clip(numbers, low, high), np.float32)


def write(path: Path, sentences: Sentences, numbers: Floats | None = None) -> None:
    """Write them to a file, in a run's folder with the numbers that they give."""
    from safetensors.numpy import save

    tensors = {"mean": sentences.mean, "basis": sentences.basis} | ({} if numbers is None else {"numbers": numbers})
    about = json.dumps({"name": sentences.name, "encoder": sentences.encoder})
    write_bytes(path, save({name: np.ascontiguousarray(value) for name, value in tensors.items()}, {"sentences": about}))


def read(path: Path) -> tuple[Sentences, Floats | None]:
    """Back from a file, which raises what safetensors does where it is damaged."""
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        about = json.loads((file.metadata() or {})["sentences"])
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return Sentences(about["name"], about["encoder"], found["mean"], found["basis"]), found.get("numbers")
