"""One step downhill, which no number that is not finite survives: what every method's step is made of."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganlib import ranks
from ganlib.nets.resample import compute_plainly
from ganlib.ranks import normed_together
from ganlib.training.adam import FusedAdam
from ganlib.training.guard import NotFinite, remember


def placed(module: nn.Module, device: torch.device, fast: bool = True) -> nn.Module:
    """On the device; `fast` with channels innermost in memory, as convolutions are quickest, and with layers joined."""
    module = normed_together(module.to(device))
    compute_plainly(module, not fast)
    if fast and any(parameter.dim() == 4 for parameter in module.parameters()):
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module


def adam(module: nn.Module, rate: float, beta1: float, beta2: float) -> FusedAdam:
    """Adam for all of a module's parameters, which it knows by name."""
    return FusedAdam(module.named_parameters(), rate, (beta1, beta2))


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Let every further step have this learning rate."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)  # where it lies already, for a step that is replayed reads it there
        else:
            group["lr"] = rate


def autocast(device: torch.device, precision: torch.dtype) -> torch.autocast:
    """A block in which products and convolutions are computed in `precision`."""
    return torch.autocast(device.type, dtype=precision, enabled=precision != torch.float32)


def descend(optimiser: torch.optim.Optimizer, loss: Tensor, of: str, limit: float | None = None, at_once: bool = False) -> Tensor:
    """Take one step down `loss`, a scalar; `of` names whose it is. limit: the gradient's greatest norm, if it has one.

    Returns the norm that the gradient had before it was limited, a scalar on the device.

    Where the loss or a gradient is not finite, the weights stay as they are. On the CPU it raises `NotFinite`. A GPU would have
    to be waited for to know: there the optimiser, which must be a fused one, remembers, takes no further step either, and
    `settle` raises. at_once: wait, for something follows that must not happen then.
    """
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    pairs = [pair for group in optimiser.param_groups for pair in zip(group["param_names"], group["params"], strict=True)]
    named = {name: parameter.grad for name, parameter in pairs if parameter.grad is not None}
    ranks.average(list(named.values()))
    norm: Tensor = torch.stack(torch._foreach_norm(list(named.values()))).norm()
    if loss.is_cuda and not at_once:
        remember(optimiser, norm, of)
    elif not torch.isfinite(norm):
        raise NotFinite(_first_broken(of, loss, named))
    if limit is not None:
        torch._foreach_mul_(list(named.values()), (limit / norm).clamp(max=1.0))
    optimiser.step()
    return norm


def _first_broken(of: str, loss: Tensor, gradients: dict[str, Tensor]) -> str:
    """The name of what went wrong first: the loss, or the gradient nearest to it."""
    if not torch.isfinite(loss):
        return f"the loss of the {of}"
    broken = [name for name, gradient in gradients.items() if not torch.isfinite(gradient).all()]
    return f"the gradient of {of}.{broken[-1]}" if broken else f"the norm of the gradient of the {of}"


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """No gradients for the module's own parameters: the pass through it costs less, and nothing of it can change.

    Those that have none anyway have none afterwards.
    """
    learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
    module.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
