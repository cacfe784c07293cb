"""Which machine part computes, in which precision, on how many threads: chosen by itself, said aloud, overridable."""

import os
import time
from dataclasses import dataclass
from typing import Literal

import torch

from ganlib.errors import AtelierError
from ganlib.heap import keep_freed
from ganlib.nets.resample import ConvBeforeHalving

#: What is usual is left only for what is this much faster in a trial: less might be chance, which must not decide a run's bits.
_GAIN = 1.3


@dataclass(frozen=True)
class Machine:
    """What a run computes on, and whether by the fast paths. The bits of its result depend on all of it."""

    device: str
    precision: str
    threads: int
    fast: bool = True

    @property
    def torch_device(self) -> torch.device:
        return torch.device(self.device)

    @property
    def dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.precision == "bf16" else torch.float32

    def describe(self) -> str:
        """One line for a person."""
        plainly = "" if self.fast else ", all as it is written down"
        if self.device == "cuda":
            return f"on the GPU ({torch.cuda.get_device_name()}) in {self.precision}{plainly}"
        return f"on the CPU with {self.threads} threads in {self.precision}{plainly}"


def choose(device: str, precision: str, threads: int, fast: bool | Literal["auto"] = "auto") -> Machine:
    """Fill in what is left to choose (`auto`, 0 threads), by trials of some tenths of a second.

    Raises `AtelierError` where a GPU is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise AtelierError(
            "train.device: cuda was asked for, no usable GPU was found, nothing was started. Set it to auto or cpu."
        )
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    threads = threads or torch.get_num_threads()
    if precision == "auto":
        precision = "bf16" if bf16_pays(torch.device(device)) else "float32"
    return Machine(device, precision, threads, fast_pays(torch.device(device)) if fast == "auto" else fast)


def unlike_here(machine: Machine, device: str, threads: int) -> str | None:
    """What `machine`, on which a run began, has not in common with this one as `choose` would find it; None where it has all."""
    if machine.device == "cpu" and device == "auto" and torch.cuda.is_available():
        return "there is a GPU now"
    here = threads or torch.get_num_threads()
    return f"there are {here} threads now" if machine.device == "cpu" and machine.threads != here else None


def prepare(machine: Machine) -> None:
    """Set torch up for the machine: threads, memory, repeatable algorithms, no crawling through denormal numbers.

    What asks for repeatable algorithms also has torch fill every new tensor with what shows if it is read before it is written.
    Nothing here reads one so (tests train with it on, and get the same bits), and it takes a tenth of a small step.
    """
    keep_freed()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it, products on a GPU are not the same from run to run
    torch.set_num_threads(machine.threads)
    torch.set_flush_denormal(True)
    torch.set_deterministic_debug_mode("warn")  # as `use_deterministic_algorithms` does, which would import a compiler, too
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False


def bf16_pays(device: torch.device) -> bool:
    """Whether bf16 convolutions, forward and backward, are worth it here.

    Processors without instructions for bf16 are not even tried: they emulate it, and a trial there only costs time.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if not (torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()):
        return False
    return _seconds(torch.float32) > _GAIN * _seconds(torch.bfloat16)


def fast_pays(device: torch.device) -> bool:
    """Whether it is worth it here to have channels innermost in memory, and layers joined; on a GPU, steps replayed as well."""
    if device.type == "cuda":
        return True  # where cuDNN would lay them so for itself, at every layer
    return _seconds(torch.float32) < _GAIN * _seconds(torch.float32, fast=False)


def _seconds(dtype: torch.dtype, fast: bool = True) -> float:
    """The best of some trials of a layer as the networks have it (64 pictures, 16 × 16, 64 to 128 channels).

    On one thread, in seconds of its processor time: what else the machine does must not decide, or the same command would give
    other bits on a busy day.
    """
    layer, layout = ConvBeforeHalving(64, 128).to(dtype), torch.channels_last if fast else torch.contiguous_format
    layer.plain = not fast
    layer.eval()  # by the library's convolutions in either type, as they were when _GAIN was chosen
    layer.to(memory_format=layout)  # type: ignore[call-overload]
    maps = torch.randn(64, 64, 16, 16).to(dtype).contiguous(memory_format=layout).requires_grad_(True)
    best, threads = float("inf"), torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in range(8):
        start = time.thread_time()
        layer(maps).float().sum().backward()
        best = min(best, time.thread_time() - start)
    torch.set_num_threads(threads)
    return best
