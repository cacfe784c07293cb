"""The one path from pictures to features, for real and generated ones alike."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlib.heap import keep_freed
from ganlib.metrics.extractors.base import Extractor
from ganlib.metrics.parallel import parallel
from ganlib.progress import Progress

Pictures = NDArray[np.uint8]
#: Pictures as they are, or levels between 0 and 255 that were never rounded.
Levels = NDArray[np.uint8] | NDArray[np.float32]


def extract(
    pictures: Levels, extractor: Extractor, kind: str = "", step: str = "evaluate", quiet: bool = False
) -> NDArray[np.float32]:
    """The features, [N, dimension], of levels 0 to 255 [N, H, W, C], C = 3 or 1, in their order.

    `kind`, `step`, `quiet` are for the eye.
    On a processor each batch is computed by one thread, several batches at once: the same bits for every number of threads.
    On a GPU, TensorFloat32 is off; other backends than torch are for processors.
    """
    device = torch.device("cuda" if torch.cuda.is_available() and extractor.backend == "torch" else "cpu")
    extractor.network.eval().to(device=device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if device.type == "cpu":
        keep_freed()
    features = np.empty((len(pictures), extractor.dimension), np.float32)
    starts = range(0, len(pictures), extractor.batch)

    def work(start: int) -> int:
        batch = pictures[start : start + extractor.batch]
        features[start : start + len(batch)] = _features(batch, extractor, device)
        return len(batch)

    with Progress(step, len(pictures), f"{kind} pictures".strip(), quiet=quiet) as progress:
        for count in parallel(work, starts, threads=None if device.type == "cpu" else 1):
            progress.advance(count)
    return features


@torch.inference_mode()
def _features(batch: Levels, extractor: Extractor, device: torch.device) -> NDArray[np.float32]:
    levels = prepare(torch.from_numpy(np.array(batch)).to(device), extractor)
    x = ((levels - extractor.shift) / extractor.scale).contiguous(memory_format=torch.channels_last)
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        return np.asarray(extractor.network(x).float().cpu().numpy())


def prepare(batch_nhwc: Tensor, extractor: Extractor) -> Tensor:
    """Levels 0..255 in three colours at the extractor's size, float32 [B, 3, size, size], of pictures [B, H, W, C]."""
    x = extractor.resizer(batch_nhwc.permute(0, 3, 1, 2).float(), extractor.size)
    if extractor.rounds:
        x = x.round().clamp(0, 255)
    return x.expand(-1, 3, -1, -1)
