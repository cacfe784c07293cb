"""Adam by torch's fused kernel, shown every tensor in the order in which it lies in memory."""

from inspect import unwrap
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam


class FusedAdam(Adam):
    """Adam (Kingma and Ba 2015) in one pass over weights, gradients and moments; state and steps are those of torch's own.

    On the CPU its fused kernel copies what has its channels innermost, moments and all, there and back at every step, which takes
    twice as long as the step. It need not: element by element the order is all the same, so it is given views in which what
    lies in memory one after the other is contiguous.

    What torch wraps for its compiler is unwrapped: the wrappers would import the compiler, a second of every start.
    """

    add_param_group = unwrap(Adam.add_param_group)
    zero_grad = unwrap(Adam.zero_grad)
    state_dict = unwrap(Adam.state_dict)

    def __init__(self, named: Any, rate: float, betas: tuple[float, float]) -> None:
        """named: pairs of a name and a parameter, all on one device.

        On a GPU the learning rate lies there, too, and the step can be captured in a CUDA graph.
        """
        named = list(named)
        device = named[0][1].device
        on_gpu = device.type == "cuda"
        lr = torch.tensor(rate, device=device) if on_gpu else rate
        super().__init__(named, lr=lr, betas=betas, fused=True, capturable=on_gpu)
        self._warned_capturable_if_run_uncaptured = True  # the first steps are, and torch would warn of it

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Take a step."""
        unwrap(Adam.step)(self)

    def _init_group(self, group: dict[str, Any], *lists: list[Tensor]) -> Any:
        """As torch's own, which fills lists of weights, gradients, two moments, a third one's place and steps."""
        complex_ones = super()._init_group(group, *lists)  # type: ignore[no-untyped-call]
        alike = lists[:4]
        for place, tensors in enumerate(zip(*alike, strict=True)):
            if all(_innermost(tensor) for tensor in tensors):
                for some, tensor in zip(alike, tensors, strict=True):
                    some[place] = tensor.permute(0, 2, 3, 1)
        return complex_ones


def _innermost(tensor: Tensor) -> bool:
    """Whether its channels are innermost in memory, and it is not contiguous the usual way, too."""
    return tensor.dim() == 4 and not tensor.is_contiguous() and tensor.is_contiguous(memory_format=torch.channels_last)
