"""The Inception network of the original FID: the graph of 2015-12-05, with its official weights out of a local file.

Heusel et al. 2017 score by the 2,048 pooled features of this one file. It differs from the published Inception-v3 (Szegedy et al.
2016) in that average pools do not count the padding and that the last block pools by the maximum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ganlib.errors import AtelierError
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors.base import Extractor, fold_batch_norm, load_weights
from ganlib.metrics.resize import tensorflow1

SHA256 = "6726825d"  # how it begins, by the file's published name
NAME = f"pt_inception-2015-12-05-{SHA256}.pth"
URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{NAME}"
REMEDY = (
    f"Fetch {NAME} once, by `make weights` or by hand from the release fid_weights of github.com/mseitzer/pytorch-fid, "
    "name it in evaluate.weights, or set evaluate.extractor to lite0."
)


class Unit(nn.Module):
    """Convolution, batch norm, ReLU. Padded to keep the size, unless `stride` is 2 or `valid` is set."""

    def __init__(self, channels: int, out: int, kernel: tuple[int, int], stride: int = 1, valid: bool = False) -> None:
        super().__init__()
        padding = (0, 0) if valid or stride == 2 else (kernel[0] // 2, kernel[1] // 2)
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)))


@dataclass(frozen=True)
class Layer:
    """One unit of a branch, under the name that the file of weights has for it."""

    name: str
    out: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


@dataclass(frozen=True)
class Branch:
    """A pool (or none), then layers one after the other, then layers side by side on the same input (or none)."""

    chain: tuple[Layer, ...] = ()
    fork: tuple[Layer, ...] = ()
    pool: Callable[[Tensor], Tensor] | None = None


class Mixed(nn.Module):
    """Branches side by side, their outputs one after the other along the channels."""

    def __init__(self, channels: int, *branches: Branch) -> None:
        super().__init__()
        self.branches = branches
        for branch in branches:
            width = channels
            for layer in branch.chain:
                self.add_module(layer.name, Unit(width, layer.out, layer.kernel, layer.stride))
                width = layer.out
            for layer in branch.fork:
                self.add_module(layer.name, Unit(width, layer.out, layer.kernel))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([part for branch in self.branches for part in self._run(branch, x)], dim=1)

    def _run(self, branch: Branch, x: Tensor) -> list[Tensor]:
        if branch.pool is not None:
            x = branch.pool(x)
        for layer in branch.chain:
            x = self.get_submodule(layer.name)(x)
        return [self.get_submodule(layer.name)(x) for layer in branch.fork] or [x]


AVERAGE = partial(functional.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
MAXIMUM = partial(functional.max_pool2d, kernel_size=3, stride=1, padding=1)
SHRINK = partial(functional.max_pool2d, kernel_size=3, stride=2)
SQUARE, ROW, COLUMN = (3, 3), (1, 7), (7, 1)


def mixed_5(channels: int, pooled: int) -> Mixed:
    """35 by 35: to 224 + `pooled` channels."""
    return Mixed(
        channels,
        Branch((Layer("branch1x1", 64),)),
        Branch((Layer("branch5x5_1", 48), Layer("branch5x5_2", 64, (5, 5)))),
        Branch((Layer("branch3x3dbl_1", 64), Layer("branch3x3dbl_2", 96, SQUARE), Layer("branch3x3dbl_3", 96, SQUARE))),
        Branch((Layer("branch_pool", pooled),), pool=AVERAGE),
    )


def mixed_6a(channels: int) -> Mixed:
    """35 by 35 to 17 by 17: adds 480 channels."""
    return Mixed(
        channels,
        Branch((Layer("branch3x3", 384, SQUARE, 2),)),
        Branch((Layer("branch3x3dbl_1", 64), Layer("branch3x3dbl_2", 96, SQUARE), Layer("branch3x3dbl_3", 96, SQUARE, 2))),
        Branch(pool=SHRINK),
    )


def mixed_6(channels: int, width: int) -> Mixed:
    """17 by 17: to 768 channels, through `width`."""
    double = (("1", width, (1, 1)), ("2", width, COLUMN), ("3", width, ROW), ("4", width, COLUMN), ("5", 192, ROW))
    return Mixed(
        channels,
        Branch((Layer("branch1x1", 192),)),
        Branch((Layer("branch7x7_1", width), Layer("branch7x7_2", width, ROW), Layer("branch7x7_3", 192, COLUMN))),
        Branch(tuple(Layer(f"branch7x7dbl_{name}", out, kernel) for name, out, kernel in double)),
        Branch((Layer("branch_pool", 192),), pool=AVERAGE),
    )


def mixed_7a(channels: int) -> Mixed:
    """17 by 17 to 8 by 8: adds 512 channels."""
    seven = (("1", (1, 1), 1), ("2", ROW, 1), ("3", COLUMN, 1), ("4", SQUARE, 2))
    return Mixed(
        channels,
        Branch((Layer("branch3x3_1", 192), Layer("branch3x3_2", 320, SQUARE, 2))),
        Branch(tuple(Layer(f"branch7x7x3_{name}", 192, kernel, stride) for name, kernel, stride in seven)),
        Branch(pool=SHRINK),
    )


def mixed_7(channels: int, pool: Callable[[Tensor], Tensor]) -> Mixed:
    """8 by 8: to 2,048 channels."""

    def fork(name: str) -> tuple[Layer, Layer]:
        return Layer(f"{name}a", 384, (1, 3)), Layer(f"{name}b", 384, (3, 1))

    return Mixed(
        channels,
        Branch((Layer("branch1x1", 320),)),
        Branch((Layer("branch3x3_1", 384),), fork("branch3x3_2")),
        Branch((Layer("branch3x3dbl_1", 448), Layer("branch3x3dbl_2", 384, SQUARE)), fork("branch3x3dbl_3")),
        Branch((Layer("branch_pool", 192),), pool=pool),
    )


class Inception(nn.Module):
    """[B, 3, 299, 299] to [B, 2048]. `fc` is in the file, and takes no part."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Unit(3, 32, SQUARE, stride=2)
        self.Conv2d_2a_3x3 = Unit(32, 32, SQUARE, valid=True)
        self.Conv2d_2b_3x3 = Unit(32, 64, SQUARE)
        self.Conv2d_3b_1x1 = Unit(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = Unit(80, 192, SQUARE, valid=True)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = mixed_5(192, 32), mixed_5(256, 64), mixed_5(288, 64)
        self.Mixed_6a, self.Mixed_6b = mixed_6a(288), mixed_6(768, 128)
        self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = mixed_6(768, 160), mixed_6(768, 160), mixed_6(768, 192)
        self.Mixed_7a, self.Mixed_7b, self.Mixed_7c = mixed_7a(768), mixed_7(1280, AVERAGE), mixed_7(2048, MAXIMUM)
        self.fc = nn.Linear(2048, 1008)

    def forward(self, x: Tensor) -> Tensor:
        x = SHRINK(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = SHRINK(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean(dim=(2, 3))


def load(config: EvaluateConfig) -> Extractor:
    """The extractor; raises `AtelierError` unless `config.weights` is a file with the official digest.

    Pictures come to 299 pixels and to (x - 128) / 128 as inside the original graph: no filter, no rounding.
    """
    if config.weights is None:
        raise AtelierError(
            f"evaluate.extractor inception: expected its file of weights in evaluate.weights, found none. {REMEDY}"
        )
    return build(*load_weights(Path(config.weights), SHA256, REMEDY))


def build(digest: str, weights: dict[str, Tensor]) -> Extractor:
    """The extractor with these weights."""
    network = Inception().eval()
    network.load_state_dict(weights, strict=True)
    for unit in [module for module in network.modules() if isinstance(module, Unit)]:
        fold_batch_norm(unit, "conv", "bn")
    resize = "bilinear, TensorFlow 1"
    return Extractor(
        "inception", network, 2048, 299, digest, resize, tensorflow1, rounds=False, shift=128.0, scale=128.0, batch=16
    )
