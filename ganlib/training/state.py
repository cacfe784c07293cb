"""All that a run has learnt, as one flat dictionary of tensors, and back."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

#: What a learner's next step depends on, by name.
Parts = Mapping[str, nn.Module | Optimizer]


def to_tensors(parts: Parts) -> dict[str, Tensor]:
    """Copies on the CPU, named `part/weight` for modules and `part/index/moment` for optimisers."""
    tensors = {}
    for part, holder in parts.items():
        for name, tensor in _tensors(holder).items():
            tensors[f"{part}/{name}"] = tensor.detach().to("cpu", copy=True).contiguous()
    return tensors


def from_tensors(parts: Parts, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `to_tensors` took. Raises `KeyError` where a tensor is missing or one is left over."""
    rest = dict(tensors)
    for part, holder in parts.items():
        own = {name.removeprefix(f"{part}/"): rest.pop(name) for name in list(rest) if name.startswith(f"{part}/")}
        if isinstance(holder, Optimizer):
            _fill_optimiser(holder, own)
        else:
            holder.load_state_dict(own, strict=True)
    if rest:
        raise KeyError(f"no part takes {', '.join(sorted(rest)[:3])}")


def _tensors(holder: nn.Module | Optimizer) -> dict[str, Tensor]:
    if isinstance(holder, nn.Module):
        return dict(holder.state_dict())
    state = holder.state_dict()["state"]
    return {f"{index}/{moment}": tensor for index, moments in state.items() for moment, tensor in moments.items()}


def _fill_optimiser(optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Moments must lie in memory as their parameter does (channels last, say): fused kernels go through both in step.

    Those that are there stay where they are, for a step that is replayed knows no other place; of which nothing is known, those
    begin at 0 again, as all of Adam's do.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for moments in optimiser.state.values():
        for moment in moments.values():
            moment.zero_()
    for name, tensor in tensors.items():
        index, moment = name.split("/")
        parameter = parameters[int(index)]
        moments = optimiser.state[parameter]
        if moment not in moments:
            like = parameter if tensor.shape == parameter.shape else tensor.to(parameter.device)
            moments[moment] = torch.empty_like(like).detach()
        moments[moment].copy_(tensor)
