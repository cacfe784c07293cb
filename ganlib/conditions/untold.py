"""How much of its conditions a picture's reader fails to tell."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss

from ganlib.conditions.conditions import Conditions


def untold(answers: Tensor, told: Tensor, conditions: Conditions) -> Tensor:
    """The mean over attributes of what answers [N, width] fail to tell: cross-entropy of classes, squared errors of numbers.

    Pictures of which nothing is told, all zeros, do not count.
    """
    losses = []
    for attribute, place in zip(conditions.attributes, conditions.slices(), strict=True):
        if attribute.values:
            known = told[:, place].sum(dim=1)
            each = cross_entropy(answers[:, place], told[:, place].argmax(dim=1), reduction="none")
            losses.append((each * known).sum() / known.sum().clamp(min=1))
        else:
            losses.append(mse_loss(answers[:, place], told[:, place]))
    return torch.stack(losses).mean()
