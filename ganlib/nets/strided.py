"""Convolutions of stride 2 with 4 × 4 kernels: the side is halved, or doubled, and each is the other's transpose.

On a CPU libraries are not at their best here. In bf16 they take twice as long for the gradient of such a kernel, and for outputs
of 4 × 4, as a product of matrices with as many terms does: there the pixels that each output sees are laid side by side (as
Chellapilla, Puri and Simard 2006 do), and what is left is one product. In float32, where channels are many, they take up to twice
as long as Winograd's products by tiles (`ganlib.nets.winograd_strided`), and two to four times for the gradient of the kernel.
Sums are the same but for rounding.

Gradients are to be taken outside of autocast, as torch asks for: what is float32 would be rounded there.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import conv2d, conv_transpose2d, pad

from ganlib.nets import winograd_strided
from ganlib.nets.twice import maps_alone
from ganlib.nets.winograd import precise

_SIDE, _STRIDE = 4, 2  # of a kernel
_FEW = 32  # channels, with fewer of which copying costs more than is won
_SMALL = 4  # the side of maps whose outputs, too, are computed as products
_MOST = 2**21  # numbers that are laid out at a time, for they should stay near the processor


def halved(maps: Tensor, kernel: Tensor, bias: Tensor | None, learning: bool) -> Tensor:
    """Maps [N, I, 2H, 2W] convolved with a kernel [O, I, 4, 4], one pixel of zeros around: [N, O, H, W].

    learning: whether a picture's bits may depend on how many there are, as they do where these decide what is the soonest.
    """
    given: Sequence[Tensor | None] = (maps, kernel, bias)
    if _as_products(maps, kernel):
        given = _cast(*given)
    elif not learning or not _by_tiles(maps, _halves(maps), kernel):
        return conv2d(maps, kernel, bias, stride=_STRIDE, padding=1)
    outputs: Tensor = Halved.apply(*given)  # type: ignore[no-untyped-call]
    return outputs


def doubled(maps: Tensor, kernel: Tensor, bias: Tensor | None, learning: bool) -> Tensor:
    """The transpose: maps [N, I, H, W] with a kernel [I, O, 4, 4] to [N, O, 2H, 2W]."""
    given: Sequence[Tensor | None] = (maps, kernel, bias)
    if _as_products(maps, kernel):
        given = _cast(*given)
    elif not learning or not _by_tiles(maps, maps.shape[2:], kernel):
        return conv_transpose2d(maps, kernel, bias, stride=_STRIDE, padding=1)
    outputs: Tensor = Doubled.apply(*given)  # type: ignore[no-untyped-call]
    return outputs


class Halving(nn.Conv2d):
    """A layer of its own: maps [N, I, 2H, 2W] to [N, O, H, W]. plain: leave it to the library, whatever that takes."""

    def __init__(self, channels: int, out: int, **knobs: Any) -> None:
        super().__init__(channels, out, _SIDE, stride=_STRIDE, padding=1, **knobs)
        self.plain = False

    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(maps) if self.plain else halved(maps, self.weight, self.bias, self.training)


class Doubling(nn.ConvTranspose2d):
    """A layer of its own: maps [N, I, H, W] to [N, O, 2H, 2W]. plain: leave it to the library, whatever that takes."""

    def __init__(self, channels: int, out: int, **knobs: Any) -> None:
        super().__init__(channels, out, _SIDE, stride=_STRIDE, padding=1, **knobs)
        self.plain = False

    def forward(self, maps: Tensor, output_size: list[int] | None = None) -> Tensor:
        if self.plain:
            return super().forward(maps, output_size)
        return doubled(maps, self.weight, self.bias, self.training)


def _as_products(maps: Tensor, kernel: Tensor) -> bool:
    """Whether that pays: not on a GPU, nor in float32, nor where nothing is learnt."""
    rounded = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
    return rounded and maps.device.type == "cpu" and torch.is_grad_enabled() and kernel.shape[1] >= _FEW


def _cast(*tensors: Tensor | None) -> list[Tensor | None]:
    """As autocast does for functions that it knows."""
    return [None if tensor is None else tensor.to(torch.get_autocast_dtype("cpu")) for tensor in tensors]


def _halves(maps: Tensor) -> list[float]:
    return [side / _STRIDE for side in maps.shape[2:]]


def _by_tiles(maps: Tensor, small: Sequence[float], kernel: Tensor) -> bool:
    """Whether that pays for maps with these sides where they are small, or for what is learnt from them."""
    if maps.dim() != 4 or not precise(maps):
        return False
    case = len(maps), small, kernel.shape[:2]
    return winograd_strided.pays(*case) or (torch.is_grad_enabled() and winograd_strided.pays_for_kernel(*case))


class Halved(Function):
    """`halved`, as is the soonest. What its gradient is made of can itself be differentiated, as penalties on gradients ask."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(maps, kernel)
        if precise(maps) and winograd_strided.pays(len(maps), _halves(maps), kernel.shape[:2]):
            return _shifted(winograd_strided.halved(maps, kernel), bias)
        if maps.dtype == torch.bfloat16 and maps.shape[2:] == (_STRIDE * _SMALL, _STRIDE * _SMALL):
            return _halved_by_product(maps, kernel, bias)
        return conv2d(maps, kernel, bias, stride=_STRIDE, padding=1)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (slope,), (maps, kernel), asked = slopes, ctx.saved_tensors, _asked(ctx)
        return (
            Doubled.apply(slope, kernel, None) if asked[0] else None,  # type: ignore[no-untyped-call]
            OfKernel.apply(maps, slope) if asked[1] else None,  # type: ignore[no-untyped-call]
            slope.sum((0, 2, 3)) if asked[2] else None,
        )


class Doubled(Function):
    """`doubled`, as is the soonest; its gradient can be differentiated, too."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(maps, kernel)
        if precise(maps) and winograd_strided.pays(len(maps), maps.shape[2:], kernel.shape[:2]):
            return _shifted(winograd_strided.doubled(maps, kernel), bias)
        return conv_transpose2d(maps, kernel, bias, stride=_STRIDE, padding=1)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (slope,), (maps, kernel), asked = slopes, ctx.saved_tensors, _asked(ctx)
        return (
            Halved.apply(slope, kernel, None) if asked[0] else None,  # type: ignore[no-untyped-call]
            OfKernel.apply(slope, maps) if asked[1] else None,  # type: ignore[no-untyped-call]
            slope.sum((0, 2, 3)) if asked[2] else None,
        )


class OfKernel(Function):
    """Maps on either side of a kernel, [N, I, 2H, 2W] and [N, O, H, W], one of them slopes, to its slope; linear in both."""

    @staticmethod
    def forward(ctx: Any, large: Tensor, small: Tensor) -> Tensor:
        ctx.save_for_backward(large, small)
        ends = small.shape[1], large.shape[1]
        if large.dtype == torch.bfloat16:
            return _kernel_by_products(large, small)
        if precise(large) and winograd_strided.pays_for_kernel(len(small), small.shape[2:], ends):
            return winograd_strided.of_kernel(large, small)
        return _kernel_by_the_library(large, small)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (slope,), (large, small), asked = slopes, ctx.saved_tensors, ctx.needs_input_grad
        return (
            Doubled.apply(small, slope, None) if asked[0] else None,  # type: ignore[no-untyped-call]
            Halved.apply(large, slope, None) if asked[1] else None,  # type: ignore[no-untyped-call]
        )


def _asked(ctx: Any) -> tuple[bool, bool, bool]:
    """Of maps, kernel and bias, whose slopes are wanted."""
    maps, kernel, bias = ctx.needs_input_grad
    return maps, kernel and not maps_alone(), bias and not maps_alone()


def _shifted(maps: Tensor, bias: Tensor | None) -> Tensor:
    return maps if bias is None else maps.add_(bias[:, None, None])


def _halved_by_product(maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """`halved` to maps of 4 × 4."""
    shape, layout = (len(maps), len(kernel), _SMALL, _SMALL), torch.channels_last
    outputs = torch.empty(shape, dtype=maps.dtype, memory_format=layout)  # no view, for those may not be changed in place
    flat, weights = outputs.permute(0, 2, 3, 1).view(-1, len(kernel)), kernel.permute(0, 2, 3, 1).flatten(1).T
    seen = _laid_out(maps)
    torch.mm(seen, weights, out=flat) if bias is None else torch.addmm(bias, seen, weights, out=flat)
    return outputs


def _kernel_by_the_library(large: Tensor, small: Tensor) -> Tensor:
    kernel = large.new_empty(small.shape[1], large.shape[1], _SIDE, _SIDE)  # of which only the shape matters
    way = ([_STRIDE] * 2, [1, 1], [1, 1], False, [0, 0], 1)
    found: Tensor = torch.ops.aten.convolution_backward(small, large, kernel, None, *way, (False, True, False))[1]
    return found


def _kernel_by_products(large: Tensor, small: Tensor) -> Tensor:
    number = max(1, _MOST * len(large) // (_SIDE**2 * small[:, 0].numel() * large.shape[1]))
    parts = zip(torch.split(large, number), torch.split(small, number), strict=True)
    products = [others.permute(1, 0, 2, 3).flatten(1) @ _laid_out(some) for some, others in parts]
    return reduce(torch.add, products).view(small.shape[1], _SIDE, _SIDE, large.shape[1]).permute(0, 3, 1, 2)


def _laid_out(maps: Tensor) -> Tensor:
    """What each output sees of maps [N, I, 2H, 2W], zeros around: [N · H · W, 4 · 4 · I]."""
    around = pad(maps.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
    seen = around.unfold(1, _SIDE, _STRIDE).unfold(2, _SIDE, _STRIDE)  # [N, H, W, I, 4, 4]
    return seen.permute(0, 1, 2, 4, 5, 3).reshape(-1, _SIDE**2 * maps.shape[1])
