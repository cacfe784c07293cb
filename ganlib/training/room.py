"""Whether the disk has room for a run's checkpoints, found out before anything is learnt."""

import shutil
from pathlib import Path

from torch import nn

from ganlib.errors import AtelierError
from ganlib.training.state import Parts

_AT_ONCE = 4  # checkpoints: the last two, the best, and the one that is being written
_MOMENTS = 2  # that an optimiser keeps of every weight, at most


def check_room(parts: Parts, folder: Path) -> None:
    """Raise `AtelierError` where the disk under the run's `folder` has less free than what it will need for `parts`.

    What the run's earlier checkpoints take up is there already.
    """
    here = sum(path.stat().st_size for path in (folder / "checkpoints").glob("*/*"))
    need, free = _AT_ONCE * _bytes(parts) - here, shutil.disk_usage(folder).free
    if free < need:
        raise AtelierError(
            f"{folder}: expected {need / 1e6:.1f} MB free for checkpoints, found {free / 1e6:.1f}; nothing was started. "
            "Make room, then run the same command again."
        )


def _bytes(parts: Parts) -> int:
    """Of one checkpoint, but for some kilobytes."""
    total = 0
    for holder in parts.values():
        if isinstance(holder, nn.Module):
            total += sum(tensor.nbytes for tensor in holder.state_dict().values())
        else:
            total += _MOMENTS * sum(weight.nbytes for group in holder.param_groups for weight in group["params"])
    return total
