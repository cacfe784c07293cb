"""What every extractor of features is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ganlib.errors import AtelierError
from ganlib.files import digest_file
from ganlib.metrics.resize import antialiased


@dataclass(frozen=True)
class Extractor:
    """A network with all that decides its features, so that a fingerprint can say it.

    network: float32 RGB pictures [B, 3, size, size] of levels (x - shift) / scale to features [B, dimension], on `device`.
    weights: sha256 of the file of weights, "" where there are none. resize: how pictures come to `size`, in words;
    resizer: the same as a function of float32 [B, C, H, W] and the size. quantisation: what becomes of the resized levels.
    batch: pictures at a time; the features do not depend on it. backend: what runs the network, which only rounding depends on.
    rounded: what finds nearly the same sooner, for those who see to it that it does.
    """

    name: str
    network: nn.Module
    dimension: int
    size: int
    weights: str = ""
    resize: str = "bicubic, antialiased"
    resizer: Callable[[Tensor, int], Tensor] = antialiased
    rounds: bool = True
    shift: float = 0.0
    scale: float = 1.0
    batch: int = 32
    backend: str = "torch"
    rounded: "Extractor | None" = None

    @property
    def normalisation(self) -> str:
        """How levels 0..255 become what the network sees."""
        return f"(x - {self.shift:g}) / {self.scale:g}"

    @property
    def quantisation(self) -> str:
        """What becomes of the levels between resize and normalisation."""
        return "rounded to 256 levels" if self.rounds else "none"


def load_weights(path: Path, sha256: str, remedy: str) -> tuple[str, dict[str, Tensor]]:
    """The sha256 of `path`, which must begin with `sha256`, and its state dictionary; else `AtelierError`, with `remedy`."""
    if not path.is_file():
        raise AtelierError(f"{path}: expected a file of weights with sha256 {sha256[:8]}…, found no file. {remedy}")
    found = digest_file(path)
    if not found.startswith(sha256):
        raise AtelierError(f"{path}: expected weights with sha256 {sha256[:8]}…, found {found}; nothing was loaded. {remedy}")
    return found, torch.load(path, map_location="cpu", weights_only=True)


def fold_batch_norm(parent: nn.Module, convolution: str, norm: str) -> None:
    """Work the batch norm `norm` of `parent` into the convolution before it; both must be in evaluation mode."""
    setattr(parent, convolution, fuse_conv_bn_eval(getattr(parent, convolution), getattr(parent, norm)))
    setattr(parent, norm, nn.Identity())
