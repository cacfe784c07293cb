"""From the processor's memory to where a training computes, without waiting for what is queued there."""

import torch
from torch import Tensor


def sent(tensor: Tensor, to: Tensor | torch.device) -> Tensor:
    """The tensor on a device, or on another tensor's device and of its type.

    Copies to a GPU out of ordinary memory stop the program until all that was queued before is done; those out of pinned memory
    do not, and torch keeps that memory until they are.
    """
    device = to.device if isinstance(to, Tensor) else to
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.contiguous().pin_memory().to(device, non_blocking=True)
    return tensor.to(to) if isinstance(to, Tensor) else tensor.to(device)
