"""Pictures out of a folder of PNG files by torch's DataLoader, one file at a time: how most training and scoring code reads."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader, Dataset


class PngFolder(Dataset[Tensor]):
    """The files in the order of their names, each as float32 [3, H, W] in [0, 1]."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.glob("*.png"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.paths[index]) as picture:
            pixels = np.array(picture.convert("RGB"))
        return torch.from_numpy(pixels).permute(2, 0, 1).float().div(255)


def batches(folder: Path, order: Sequence[int], batch: int) -> list[Tensor]:
    """The pictures in this order, float32 [N, 3, H, W] in [-1, 1]; all in one process, for time is taken on one thread."""
    loader = DataLoader(PngFolder(folder), batch_size=batch, sampler=list(order), num_workers=0)
    return [2 * pictures - 1 for pictures in loader]


@torch.no_grad()
def features(folder: Path, network: nn.Module, batch: int) -> NDArray[np.float64]:
    """pytorch-fid's way to features: bilinear to 299 pixels, the network as it was trained, its outputs gathered in float64."""
    found = []
    for pictures in DataLoader(PngFolder(folder), batch_size=batch, num_workers=0):
        large = interpolate(pictures, size=(299, 299), mode="bilinear", align_corners=False)
        found.append(network(2 * large - 1).double().numpy())
    return np.concatenate(found)
