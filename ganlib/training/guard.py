"""Numbers that are not finite: found before they reach the weights, and answered once by going back."""

import torch
from torch import Tensor
from torch.optim import Optimizer

from ganlib.errors import AtelierError
from ganlib.files import digest_bytes
from ganlib.training.state import Parts

_BROKEN = "found_inf"  # the name by which torch's fused optimisers know it (made for mixed precision)
_OF = "found_inf_of"


class NotFinite(ArithmeticError):
    """A loss or a gradient is not finite; its message names the tensor, or on a GPU whose it is. No weight has been touched."""


class Diverged(AtelierError):
    """Numbers stopped being finite for the second time: what these knobs lead to, whatever the machine."""


def seed_after(seed: int, rollbacks: int) -> int:
    """The seed that a run goes on with after so many rollbacks; the same chance would lead to the same place again."""
    return int(digest_bytes(f"{seed} after rollback {rollbacks}".encode())[:8], 16) if rollbacks else seed


def remember(optimiser: Optimizer, norm: Tensor, of: str) -> None:
    """Let a fused optimiser take no step from here on if the norm is not finite: decided where the norm is, unseen by us.

    of: whose gradient's norm it is.
    """
    broken = torch.isfinite(norm).logical_not().float()
    before: Tensor | None = getattr(optimiser, _BROKEN, None)
    if before is None:
        setattr(optimiser, _BROKEN, broken)
    else:
        before.copy_(before.maximum(broken))  # where it is: a step that is replayed knows no other place
    setattr(optimiser, _OF, of)


def settle(parts: Parts) -> None:
    """Ask the optimisers among a learner's parts what they remember. Raises `NotFinite` where one has stopped."""
    asked = [part for part in parts.values() if hasattr(part, _BROKEN)]
    broken = [getattr(part, _OF) for part in asked if bool(getattr(part, _BROKEN))]
    if broken:
        for part in asked:
            getattr(part, _BROKEN).zero_()  # what is taken up again has seen none of it
        raise NotFinite(f"a gradient of the {broken[0]}")
