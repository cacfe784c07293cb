"""When a step asks for more memory than there is: said with its batch, its peak, and a batch that was tried and fits."""

from pathlib import Path

import torch

from ganlib.errors import AtelierError
from ganlib.methods.base import Batch, Setting
from ganlib.ranks import world
from ganlib.training.batches import dice_for
from ganlib.training.config import TrainConfig

_GIB = 2**30


def exhausted(error: RuntimeError) -> bool:
    """Whether it says that memory could not be had, on a GPU or on the CPU (which has no class of its own for it)."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def too_little(config: TrainConfig, setting: Setting, folder: Path) -> AtelierError:
    """What to tell a user whose training in `folder` ended for lack of memory; nothing of it may be held any more."""
    found = f"found that it needs more{_peak(setting.device)}"
    advice = "Lower train.batch" if world() > 1 else _advice(largest_that_fits(config, setting))
    return AtelierError(
        f"train.batch: expected a step on {config.batch} pictures of {setting.size} × {setting.size} to fit in memory, {found}; "
        f"training was stopped, the checkpoints in {folder} are whole. {advice}, in params.yaml."
    )


def largest_that_fits(config: TrainConfig, setting: Setting) -> int | None:
    """Half of the batch, or a quarter, and so on: the first with which a step of a new learner passes; None if none does."""
    batch = config.batch // 2
    while batch and not _passes(config, setting, batch):
        batch //= 2
    return batch or None


def _advice(fitting: int | None) -> str:
    return f"Set train.batch to {fitting}, which was tried and fits" if fitting else "No smaller batch fits: lower a width"


def _passes(config: TrainConfig, setting: Setting, batch: int) -> bool:
    if setting.device.type == "cuda":
        torch.cuda.empty_cache()
    try:
        real = torch.zeros(batch, setting.channels, setting.size, setting.size, device=setting.device)
        config.method.learner(setting).step(Batch(real, torch.arange(batch), dice_for(0, 0)))
    except RuntimeError as error:
        if not exhausted(error):
            raise
        return False
    return True


def _peak(device: torch.device) -> str:
    """Where the device counts it."""
    if device.type != "cuda":
        return ""
    all_of_it = torch.cuda.get_device_properties(device).total_memory
    return f" (its peak was {torch.cuda.max_memory_allocated(device) / _GIB:.1f} of {all_of_it / _GIB:.1f} GiB)"
