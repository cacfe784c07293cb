"""The two ways in which pictures are brought to the size that an extractor wants."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate


def antialiased(x: Tensor, size: int) -> Tensor:
    """Bicubic with a filter that widens when shrinking, as Pillow's; [B, C, H, W] to [B, C, size, size] (Parmar et al. 2022)."""
    return x if x.shape[-2:] == (size, size) else interpolate(x, (size, size), mode="bicubic", antialias=True)


def tensorflow1(x: Tensor, size: int) -> Tensor:
    """Bilinear as TensorFlow 1's ResizeBilinear, which the 2015 graph holds: corner to corner without half a pixel's shift.

    The sample of output row i is at row i H / size of the input; no filter, so that shrinking aliases.
    """
    return _lines(_lines(x, size, -2), size, -1)


def _lines(x: Tensor, size: int, axis: int) -> Tensor:
    """Linear interpolation of one axis."""
    length = x.shape[axis]
    place = torch.arange(size, device=x.device, dtype=torch.float32) * (length / size)
    low = place.floor().long()
    high = (low + 1).clamp(max=length - 1)
    share = (place - low).unsqueeze(-1) if axis == -2 else place - low
    return torch.lerp(x.index_select(axis, low), x.index_select(axis, high), share.expand(x.index_select(axis, low).shape))
