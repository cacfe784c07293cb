"""Convolutions of stride 2 with 4 × 4 kernels: the side is halved, or doubled, and each is the other's transpose.

In bf16 on a CPU libraries take twice as long for the gradient of such a kernel, and for outputs of 4 × 4, as a product of
matrices with as many terms does. There, and while something is learnt, both are computed as products: the pixels that each
output sees are laid side by side (as Chellapilla, Puri and Simard 2006 do), and what is left is one product. Sums are the same
but for their order.
"""

from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import conv2d, conv_transpose2d, pad

_SIDE, _STRIDE = 4, 2  # of a kernel
_FEW = 32  # channels, with fewer of which copying costs more than is won
_SMALL = 4  # the side of maps whose outputs, too, are computed as products
_MOST = 2**21  # numbers that are laid out at a time, for they should stay near the processor


def halved(maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """Maps [N, I, 2H, 2W] convolved with a kernel [O, I, 4, 4], one pixel of zeros around: [N, O, H, W]."""
    if _as_products(maps, kernel):
        outputs: Tensor = HalvedByProducts.apply(*_cast(maps, kernel, bias))  # type: ignore[no-untyped-call]
        return outputs
    return conv2d(maps, kernel, bias, stride=_STRIDE, padding=1)


def doubled(maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """The transpose: maps [N, I, H, W] with a kernel [I, O, 4, 4] to [N, O, 2H, 2W]."""
    if _as_products(maps, kernel):
        outputs: Tensor = DoubledByProducts.apply(*_cast(maps, kernel, bias))  # type: ignore[no-untyped-call]
        return outputs
    return conv_transpose2d(maps, kernel, bias, stride=_STRIDE, padding=1)


class Halving(nn.Conv2d):
    """A layer of its own: maps [N, I, 2H, 2W] to [N, O, H, W]. plain: leave it to the library, whatever that takes."""

    def __init__(self, channels: int, out: int, **knobs: Any) -> None:
        super().__init__(channels, out, _SIDE, stride=_STRIDE, padding=1, **knobs)
        self.plain = False

    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(maps) if self.plain else halved(maps, self.weight, self.bias)


class Doubling(nn.ConvTranspose2d):
    """A layer of its own: maps [N, I, H, W] to [N, O, 2H, 2W]. plain: leave it to the library, whatever that takes."""

    def __init__(self, channels: int, out: int, **knobs: Any) -> None:
        super().__init__(channels, out, _SIDE, stride=_STRIDE, padding=1, **knobs)
        self.plain = False

    def forward(self, maps: Tensor, output_size: list[int] | None = None) -> Tensor:
        return super().forward(maps, output_size) if self.plain else doubled(maps, self.weight, self.bias)


def _as_products(maps: Tensor, kernel: Tensor) -> bool:
    """Whether that pays: not on a GPU, nor in float32, nor where nothing is learnt."""
    rounded = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
    return rounded and maps.device.type == "cpu" and torch.is_grad_enabled() and kernel.shape[1] >= _FEW


def _cast(*tensors: Tensor | None) -> list[Tensor | None]:
    """As autocast does for functions that it knows."""
    return [None if tensor is None else tensor.to(torch.get_autocast_dtype("cpu")) for tensor in tensors]


class HalvedByProducts(Function):
    """`halved`, by products. What its gradient is made of can itself be differentiated, as penalties on gradients ask for."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(maps, kernel)
        if maps.shape[2:] != (_STRIDE * _SMALL, _STRIDE * _SMALL):
            return conv2d(maps, kernel, bias, stride=_STRIDE, padding=1)
        shape, layout = (len(maps), len(kernel), _SMALL, _SMALL), torch.channels_last
        outputs = torch.empty(shape, dtype=maps.dtype, memory_format=layout)  # no view, for those may not be changed in place
        flat, weights = outputs.permute(0, 2, 3, 1).view(-1, len(kernel)), kernel.permute(0, 2, 3, 1).flatten(1).T
        seen = _laid_out(maps)
        torch.mm(seen, weights, out=flat) if bias is None else torch.addmm(bias, seen, weights, out=flat)
        return outputs

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        maps, kernel = ctx.saved_tensors
        asked = ctx.needs_input_grad
        return (
            DoubledByProducts.apply(slopes, kernel, None) if asked[0] else None,  # type: ignore[no-untyped-call]
            _of_kernel(maps, slopes) if asked[1] else None,
            slopes.sum((0, 2, 3)) if asked[2] else None,
        )


class DoubledByProducts(Function):
    """`doubled`, its kernel's gradient by a product; the gradient can be differentiated, too."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(maps, kernel)
        return conv_transpose2d(maps, kernel, bias, stride=_STRIDE, padding=1)

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        maps, kernel = ctx.saved_tensors
        asked = ctx.needs_input_grad
        return (
            HalvedByProducts.apply(slopes, kernel, None) if asked[0] else None,  # type: ignore[no-untyped-call]
            _of_kernel(slopes, maps) if asked[1] else None,
            slopes.sum((0, 2, 3)) if asked[2] else None,
        )


def _of_kernel(large: Tensor, small: Tensor) -> Tensor:
    """The kernel's gradient [O, I, 4, 4] of maps on either side of it, [N, I, 2H, 2W] and [N, O, H, W], one of them slopes."""
    number = max(1, _MOST * len(large) // (_SIDE**2 * small[:, 0].numel() * large.shape[1]))
    parts = zip(torch.split(large, number), torch.split(small, number), strict=True)
    products = [others.permute(1, 0, 2, 3).flatten(1) @ _laid_out(some) for some, others in parts]
    return reduce(torch.add, products).view(small.shape[1], _SIDE, _SIDE, large.shape[1]).permute(0, 3, 1, 2)


def _laid_out(maps: Tensor) -> Tensor:
    """What each output sees of maps [N, I, 2H, 2W], zeros around: [N · H · W, 4 · 4 · I]."""
    around = pad(maps.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
    seen = around.unfold(1, _SIDE, _STRIDE).unfold(2, _SIDE, _STRIDE)  # [N, H, W, I, 4, 4]
    return seen.permute(0, 1, 2, 4, 5, 3).reshape(-1, _SIDE**2 * maps.shape[1])
