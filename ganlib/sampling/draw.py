"""Pictures from codes, and codes from a seed: the same seed gives the same pictures, however many are asked for at once."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganlib.training.batches import Pictures

_BLOCK = 50  # a network's last bits depend on how many it is given at once, so it is always given this many


def codes_for(seed: int, indices: Sequence[int] | range, latent: int) -> Tensor:
    """Standard normal codes [N, latent]; code `i` is a function of (seed, i) alone."""
    rows = [np.random.default_rng([seed, index]).standard_normal(latent, dtype=np.float32) for index in indices]
    return torch.from_numpy(np.stack(rows))


def draw(generator: nn.Module, latent: int, number: int, seed: int, first: int = 0) -> Pictures:
    """Pictures `first` … `first + number - 1` of a seed, uint8 [number, H, W, C]."""
    return decode(generator, codes_for(seed, range(first, first + number), latent))


def decode(generator: nn.Module, codes: Tensor, block: int = _BLOCK) -> Pictures:
    """Codes [N, latent] to pictures, uint8 [N, H, W, C]; a smaller block than the usual answers one code sooner."""
    return np.concatenate([to_uint8(part) for part in _blocks(generator, codes, block)])


def levels(generator: nn.Module, codes: Tensor) -> NDArray[np.float32]:
    """Codes [N, latent] to pictures [N, H, W, C] of levels from 0 to 255 that are not rounded."""
    blocks = [block.float().add(1).mul(127.5).permute(0, 2, 3, 1) for block in _blocks(generator, codes)]
    return torch.cat(blocks).contiguous().cpu().numpy()


@torch.no_grad()
def _blocks(generator: nn.Module, codes: Tensor, size: int = _BLOCK) -> list[Tensor]:
    """Codes to pictures [N, C, H, W], block by block; the last one is filled up with zeros on the way."""
    device = next(generator.parameters()).device
    was_training = generator.training
    generator.eval()
    blocks = []
    for block in torch.split(codes, size):
        full = torch.cat([block, block.new_zeros(size - len(block), block.shape[1])])
        blocks.append(generator(full.to(device))[: len(block)])
    generator.train(was_training)
    return blocks


def to_uint8(pictures: Tensor) -> Pictures:
    """Pictures [N, C, H, W] in [-1, 1] to uint8 [N, H, W, C], each value to the nearest level."""
    levels = pictures.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()
