"""Several processes that train as one, as `torchrun` starts them: each with its share of every batch, to the same weights.

Whatever is a mean over a batch is one over all shares, gradients included, and whatever is random in a step is rolled for the
whole batch by every process, which then takes what belongs to its share. So it does not matter, but for rounding, how many
there are. One process, as `python` starts it, is rank 0 of 1 and pays for none of this.
"""

import copy
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganlib.errors import AtelierError
from ganlib.training.sending import sent
from ganlib.training.tape import noted


def world() -> int:
    """How many processes train as one."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Which of them this is, from 0; the first one writes files and talks."""
    return dist.get_rank() if world() > 1 else 0


def started() -> int:
    """As how many `torchrun` started us, joined or not."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def leads() -> bool:
    """Whether this process is the one that writes files and talks; known before the others have been joined."""
    return started() == 1 or os.environ.get("RANK") == "0"


@contextmanager
def together(device: str) -> Iterator[None]:
    """Join the other processes that `torchrun` has started, if it has, until the block ends; all but the first are silent.

    device: `auto`, `cuda` (each process has a GPU of its own) or `cpu`.
    """
    if started() == 1:
        yield
        return
    on_gpus = device != "cpu" and torch.cuda.is_available()
    if on_gpus:
        _take_gpu(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpus else "gloo")
    try:
        with nullcontext() if rank() == 0 else redirect_stdout(io.StringIO()):
            yield
    finally:
        dist.destroy_process_group()


def check_batch(batch: int) -> None:
    """Raise `AtelierError` where the processes cannot share a batch evenly."""
    number = started()
    if batch % number:
        raise AtelierError(
            f"train.batch: expected a multiple of the number of processes, found a batch of {batch} for {number} that torchrun "
            f"started; nothing was started. Start {_divisor(batch, number)}, or set train.batch to a multiple of {number}."
        )


def shared(whole: Tensor, dim: int = 0) -> Tensor:
    """This process's share of a tensor that is there for the whole batch."""
    return whole if world() == 1 else whole.chunk(world(), dim)[rank()]


def rolled(
    roll: Callable[..., Tensor], shape: Iterable[int], dice: torch.Generator, to: Tensor | torch.device, dim: int = 0
) -> Tensor:
    """`torch.rand` or `randn` of this share's shape, rolled for the whole batch, whose pictures lie along `dim`.

    Rolled on the CPU whatever the device, so that every machine rolls the same, and sent to a device or to be like a tensor.
    A step that is noted down to be replayed is told where on the device such rolls will be found.
    """
    whole = list(shape)
    whole[dim] *= world()
    place = noted(roll, tuple(whole))
    return sent(shared(roll(*whole, generator=dice) if place is None else place, dim), to)


def mean(values: Tensor) -> Tensor:
    """The mean over all processes of a tensor that each has; gradients go back to all of them."""
    if world() == 1:
        return values
    total: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return total / world()


def batch_variance(values: Tensor) -> Tensor:
    """The variance of values [N, ...] over the shares of all processes, without correction, in float32 at least.

    Step by step, which along the first dimension takes a tenth of the time of torch's own on a CPU.
    """
    values = values.float() if values.dtype == torch.bfloat16 else values
    return mean((values - mean(values.mean(dim=0))).square().mean(dim=0))


def gathered(values: Tensor) -> Tensor:
    """The values [N, ...] of all processes, one after the other; without gradients."""
    if world() == 1:
        return values
    parts = [torch.empty_like(values) for _ in range(world())]
    dist.all_gather(parts, values.contiguous())
    return torch.cat(parts)


def any_of(number: int | None) -> int | None:
    """The greatest number that any process has, so that all of them do the same; None where none has one."""
    if world() == 1:
        return number
    found = torch.tensor(-1 if number is None else number)  # not on a GPU, which would be waited for
    dist.all_reduce(found, dist.ReduceOp.MAX)
    return None if found < 0 else int(found)


@torch.no_grad()
def average(tensors: list[Tensor]) -> None:
    """Replace every tensor by its mean over all processes, all at once."""
    if world() == 1 or not tensors:
        return
    flat = torch.cat([tensor.reshape(-1).to(_device()) for tensor in tensors])
    dist.all_reduce(flat)
    flat /= world()
    for tensor, part in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view(tensor.shape))


def wait_for_all() -> None:
    """Go on when all have come so far."""
    if world() > 1:
        dist.barrier()


class _Sum(torch.autograd.Function):
    """The sum over all processes. What flows back is the sum of what flows back to all, which has a slope of its own."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        return _Sum.apply(*slopes)  # type: ignore[no-untyped-call]


class BatchNorm(_BatchNorm):
    """Batch norm over the shares of all processes; weights and running statistics are those of torch's."""

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of dimensions from 2 on: pictures or vectors."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        dims = [dim for dim in range(input.dim()) if dim != 1]
        shape = [-1 if dim == 1 else 1 for dim in range(input.dim())]
        values = input.float() if input.dtype == torch.bfloat16 else input
        own_variance, own_centre = torch.var_mean(values, dims, correction=0)
        centre = mean(own_centre)
        variance = mean(own_variance + (own_centre - centre).square())
        self._follow(centre.detach(), variance.detach(), world() * input.numel() // input.shape[1])
        scale = self.weight * (variance + self.eps).rsqrt()
        outputs = torch.addcmul((self.bias - centre * scale).view(shape), values, scale.view(shape))
        return outputs.to(input.dtype)

    @torch.no_grad()
    def _follow(self, centre: Tensor, variance: Tensor, number: int) -> None:
        """Move the running statistics, the variance without its bias."""
        assert self.running_mean is not None  # noqa: S101
        assert self.running_var is not None  # noqa: S101
        assert self.num_batches_tracked is not None  # noqa: S101
        momentum = 0.1 if self.momentum is None else self.momentum
        self.running_mean.lerp_(centre.to(self.running_mean), momentum)
        self.running_var.lerp_((variance * number / (number - 1)).to(self.running_var), momentum)
        self.num_batches_tracked.add_(1)


def normed_together(module: nn.Module) -> nn.Module:
    """The module, whose batch norms are now over the shares of all processes; itself where there is one process."""
    if world() > 1:
        for parent in list(module.modules()):
            for name, child in parent.named_children():
                if isinstance(child, _BatchNorm):
                    setattr(parent, name, _as_ours(child))
    return module


def _as_ours(norm: _BatchNorm) -> BatchNorm:
    ours = BatchNorm(norm.num_features, norm.eps, norm.momentum)
    ours.__dict__.update(copy.copy(norm.__dict__))
    return ours


def _take_gpu(place: int) -> None:
    if place >= torch.cuda.device_count():
        raise AtelierError(
            f"Expected a GPU for every process, found {torch.cuda.device_count()} for process {place + 1} that torchrun started "
            "here; nothing was started. Start fewer, or set train.device to cpu."
        )
    torch.cuda.set_device(place)


def _device() -> torch.device:
    return torch.device("cuda" if "cuda:nccl" in dist.get_backend_config() else "cpu")


def _divisor(batch: int, most: int) -> int:
    """The largest number of processes, at most so many, that can share a batch."""
    return next(number for number in range(min(batch, most), 0, -1) if batch % number == 0)
