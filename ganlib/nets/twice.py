"""Convolutions whose gradients can be differentiated for the price of convolutions.

A penalty on the discriminator's slope needs the gradient of a gradient. Torch's own takes the kernel's part of it as a
convolution whose kernel is as large as the map, group by group. It is a kernel's gradient like any other, for which libraries
have something quicker (as Karras et al. 2020 found for StyleGAN2).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.overrides import TorchFunctionMode

_Pair = tuple[int, int]

_maps_alone = False


@contextmanager
def of_maps_alone() -> Iterator[None]:
    """A block in which nobody asks for gradients of kernels: a function of ours cannot know that, and would compute them.

    Nobody at all: it holds for every thread, for a GPU's gradients are computed in one of torch's own.
    """
    global _maps_alone
    before, _maps_alone = _maps_alone, True
    try:
        yield
    finally:
        _maps_alone = before


def maps_alone() -> bool:
    """Whether this is within such a block."""
    return _maps_alone


@dataclass(frozen=True)
class Geometry:
    """How a kernel goes over maps. spare: rows and columns of a transposed convolution's outputs that no stride reaches."""

    stride: _Pair
    padding: _Pair
    groups: int
    transposed: bool = False
    spare: _Pair = (0, 0)

    def convolved(self, maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        """The maps convolved with the kernel."""
        outputs: Tensor = torch.ops.aten.convolution(maps, kernel, bias, *self._knobs())
        return outputs

    def of_kernel(self, maps: Tensor, slopes: Tensor, kernel: Tensor) -> Tensor:
        """The gradient of the kernel, from that of the outputs."""
        asked = (False, True, False)
        found: Tensor = torch.ops.aten.convolution_backward(slopes, maps, kernel, None, *self._knobs(), asked)[1]
        return found

    def _knobs(self) -> tuple[Any, ...]:
        return self.stride, self.padding, (1, 1), self.transposed, self.spare, self.groups

    def back(self, maps: Tensor, outputs: Tensor, kernel: Tensor) -> "Geometry":
        """Of the transpose, which leads from what is shaped like the outputs to what is shaped like the maps."""
        if self.transposed:
            return replace(self, transposed=False, spare=(0, 0))
        sides = zip(maps.shape[2:], outputs.shape[2:], self.stride, self.padding, kernel.shape[2:], strict=True)
        rows, columns = (side - ((out - 1) * stride - 2 * pad + width) for side, out, stride, pad, width in sides)
        return replace(self, transposed=True, spare=(rows, columns))


class Convolved(Function):
    """Maps [N, I, H, W] and a kernel to outputs; linear in both."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, kernel: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
        ctx.save_for_backward(maps, kernel)
        ctx.geometry = geometry
        return geometry.convolved(maps, kernel, bias)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (slope,), (maps, kernel) = slopes, ctx.saved_tensors
        geometry, asked = ctx.geometry, ctx.needs_input_grad
        back = geometry.back(maps, slope, kernel)
        return (
            Convolved.apply(slope, kernel, None, back) if asked[0] else None,  # type: ignore[no-untyped-call]
            OfKernel.apply(maps, slope, kernel, geometry) if asked[1] and not _maps_alone else None,  # type: ignore[no-untyped-call]
            slope.sum((0, 2, 3)) if asked[2] and not _maps_alone else None,
            None,
        )


class OfKernel(Function):
    """Maps and the slopes of their outputs to the slope of the kernel, of which only the shape matters; linear in both."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, slopes: Tensor, kernel: Tensor, geometry: Geometry) -> Tensor:
        ctx.save_for_backward(maps, slopes)
        ctx.geometry = geometry
        return geometry.of_kernel(maps, slopes, kernel)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (slope,), (maps, outputs) = slopes, ctx.saved_tensors
        geometry, asked = ctx.geometry, ctx.needs_input_grad
        back = geometry.back(maps, outputs, slope)
        return (
            Convolved.apply(outputs, slope, None, back) if asked[0] else None,  # type: ignore[no-untyped-call]
            Convolved.apply(maps, slope, None, geometry) if asked[1] else None,  # type: ignore[no-untyped-call]
            None,
            None,
        )


class QuickTwice(TorchFunctionMode):
    """A block in which whatever convolves maps does it so that two derivatives are quick; the same numbers but for rounding."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        found = _as_ours(func, dict(zip(_OURS[func], args, strict=False)) | dict(kwargs or {})) if func in _OURS else None
        return func(*args, **(kwargs or {})) if found is None else found


def _as_ours(func: Callable[..., Any], asked: Mapping[str, Any]) -> Tensor | None:
    """By `Convolved`; None for a convolution of another kind than networks here have. asked: the arguments by name."""
    maps, kernel = asked["input"], asked["weight"]
    if asked.get("dilation", 1) not in (1, (1, 1)) or isinstance(asked.get("padding", 0), str) or maps.dim() != 4:
        return None
    geometry = Geometry(
        _pair(asked.get("stride", 1)),
        _pair(asked.get("padding", 0)),
        asked.get("groups", 1),
        func is torch.conv_transpose2d,
        _pair(asked.get("output_padding", 0)),
    )
    outputs: Tensor = Convolved.apply(maps, kernel, asked.get("bias"), geometry)  # type: ignore[no-untyped-call]
    return outputs


#: Their arguments, in order.
_OURS = {
    torch.conv2d: ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    torch.conv_transpose2d: ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
}


def _pair(number: int | _Pair) -> _Pair:
    return (number, number) if isinstance(number, int) else (number[0], number[-1])
