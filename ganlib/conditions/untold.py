"""How much of its conditions a picture's reader fails to tell."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ganlib.conditions.conditions import Conditions
from ganlib.ranks import mean, world


def untold(answers: Tensor, told: Tensor, conditions: Conditions, kept: Tensor | None = None) -> Tensor:
    """The mean over attributes of what answers [N, width] fail to tell: cross-entropy of classes, squared errors of numbers.

    kept: [N], 1 for pictures of which something is told, 0 for the others, which do not count; None where all are. Where several
    processes share a batch, the mean of what they find is that of the whole batch.
    """
    kept = answers.new_ones(len(answers)) if kept is None else kept.to(answers.dtype)
    count = mean(kept.sum()).clamp(min=1 / world())
    losses = []
    for attribute, place in zip(conditions.attributes, conditions.slices(), strict=True):
        if attribute.values:
            each = cross_entropy(answers[:, place], told[:, place].argmax(dim=1), reduction="none")
        else:
            each = (answers[:, place.start] - told[:, place.start]).square()
        losses.append((each * kept).sum() / count)
    return torch.stack(losses).mean()
