"""When a step asks for more memory than there is: said with its batch, its peak, and a batch that was tried and fits."""

import gc
import math
import sys
from pathlib import Path

import torch

from ganlib import ranks
from ganlib.errors import AtelierError
from ganlib.methods.base import Batch, Setting
from ganlib.training.batches import Batches, Pictures, dice_for
from ganlib.training.config import TrainConfig

_GIB = 2**30
_SAID = ("can't allocate memory", "out of memory", "alloc_failed")  # by the CPU, by CUDA, by cuBLAS; none has a class for it


def exhausted(error: RuntimeError) -> bool:
    """Whether it says that memory could not be had, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error).lower() for words in _SAID)


def too_little(config: TrainConfig, setting: Setting, pictures: Pictures, folder: Path) -> AtelierError:
    """What to tell a user whose training in `folder` ended for lack of memory; nothing of it may be held any more.

    Of several processes the first one talks, but memory may have run out in another one alone: that one says so itself.
    """
    gc.collect()  # modules hold each other in circles
    found = f"found that it needs more{_peak(setting.device)}"
    advice = f"Lower train.batch, to a multiple of {ranks.world()}"
    if ranks.world() == 1:
        advice = _advice(largest_that_fits(config, setting, pictures))
    error = AtelierError(
        f"train.batch: expected a step on {config.batch} pictures of {setting.size} × {setting.size} to fit in memory, {found}; "
        f"training was stopped, the checkpoints in {folder} are whole. {advice}, in params.yaml."
    )
    if ranks.rank():
        print(f"error: process {ranks.rank()}: {error}", file=sys.stderr)
    return error


def largest_that_fits(config: TrainConfig, setting: Setting, pictures: Pictures) -> int | None:
    """Half of the batch, or a quarter, and so on down to 2: the first that a new learner has memory for; None if none is."""
    batch = config.batch // 2
    while batch > 1 and not _passes(config, setting, pictures, batch):
        batch //= 2
    return batch if batch > 1 else None


def _advice(fitting: int | None) -> str:
    return f"Set train.batch to {fitting}, which was tried and fits" if fitting else "No smaller batch fits: lower a width"


def _passes(config: TrainConfig, setting: Setting, pictures: Pictures, batch: int) -> bool:
    """Some steps, as the run takes them: in the first one Adam has no moments yet, and on a GPU they come to be replayed."""
    gc.collect()
    if setting.device.type == "cuda":
        torch.cuda.empty_cache()
    try:
        batches, learner = Batches(pictures, batch, config.seed, config.flip, setting.device), config.method.learner(setting)
        for images in range(0, batch * _steps(config, setting.device), batch):
            dice = dice_for(config.seed, images)
            learner.step(Batch(*batches.at(images, dice), dice, images))
        if setting.device.type == "cuda":
            torch.cuda.synchronize()
    except RuntimeError as error:
        if not exhausted(error):
            raise
        return False
    return True


def _steps(config: TrainConfig, device: torch.device) -> int:
    """As many as it takes until one of every kind is replayed, on a GPU; two elsewhere."""
    turns = math.lcm(*(getattr(config.method, name, 1) for name in ("penalty_every", "generator_every")))
    return 4 * turns + 1 if device.type == "cuda" else 2


def _peak(device: torch.device) -> str:
    """Where the device counts it."""
    if device.type != "cuda":
        return ""
    all_of_it = torch.cuda.get_device_properties(device).total_memory
    return f" (its peak was {torch.cuda.max_memory_allocated(device) / _GIB:.1f} of {all_of_it / _GIB:.1f} GiB)"
