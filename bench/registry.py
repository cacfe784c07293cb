"""All that is claimed about speed: what, in which mode, against whom, at least how many times faster."""

from collections.abc import Callable
from functools import partial

import torch

from bench.claim import Claim, Contest
from bench.claims import convolutions, overhead, reading, scores, steps
from bench.peers.frechet import eigenvalue_root, schur_root
from ganlib.metrics.backends.openvino import on_backend
from ganlib.metrics.backends.openvino_bf16 import on_backend as with_rounded

_PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16}


def _step(name: str, peer: str, prepare: Callable[[torch.dtype], Contest], at_least: dict[str, float]) -> list[Claim]:
    """A training step, in float32 and in bf16; the peer's is in float32 either way."""
    return [Claim(name, mode, peer, factor, partial(prepare, _PRECISIONS[mode])) for mode, factor in at_least.items()]


#: Compared with, beside the claims about scores, without a claim: these of ours work out errors, too, and peers do not.
UNCLAIMED = [
    Claim("kid-2k", "float64", "torchmetrics", 0, scores.kernel, rounds=3),
    Claim("neighbours-2k", "float64", "the papers' matrices", 0, scores.neighbours, rounds=3),
]

CLAIMS = [
    *_step("dcgan-64", "pytorch/examples", steps.dcgan_64, {"float32": 1.25, "bf16": 4.5}),
    *_step("sngan-32", "mimicry, StudioGAN", partial(steps.sngan_at, 32), {"float32": 2.2, "bf16": 8.0}),
    *_step("sngan-64", "mimicry, StudioGAN", partial(steps.sngan_at, 64), {"float32": 1.7, "bf16": 5.5}),
    Claim("tiles-256", "float32", "torch's own convolution", 1.7, convolutions.by_tiles),
    Claim("strided-tiles-256", "float32", "torch's own convolution", 1.3, convolutions.halved_by_tiles),
    Claim("frechet-10k", "float64", "scipy's sqrtm", 13, partial(scores.many, schur_root), rounds=3),
    Claim("frechet-10k-eigvals", "float64", "torchmetrics", 3, partial(scores.many, eigenvalue_root), rounds=3),
    Claim("frechet-1k", "float64", "scipy's sqrtm", 50, partial(scores.few, schur_root), rounds=3),
    Claim("frechet-1k-eigvals", "float64", "torchmetrics", 15, partial(scores.few, eigenvalue_root), rounds=3),
    Claim("moments-10k", "float64", "torchmetrics", 1.5, scores.moments, rounds=3),
    Claim("folder-to-features", "float32", "pytorch-fid", 2.2, reading.features, rounds=3),
    Claim("openvino-features", "float32", "pytorch-fid", 2.2, partial(reading.features, on_backend), 3, "openvino"),
    Claim("openvino-features", "bf16", "pytorch-fid", 8, partial(reading.rounded_features, with_rounded), 3, "openvino"),
    Claim("batches", "uint8", "a DataLoader of PNG files", 8, reading.batches),
    Claim("besides-steps", "float32", "the steps themselves", 100, overhead.besides_steps, rounds=3),
    Claim("looking", "float32", "the steps between two looks", 50, overhead.looking, rounds=3),
]
