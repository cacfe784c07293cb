"""From one portrait to another: walks between two codes."""

import torch
from torch import Tensor


def spherical(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Codes [steps, latent] from `start` to `end`, both [latent], along a great circle; see `at`."""
    return at(start, end, torch.linspace(0, 1, steps)[:, None])


def at(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """The codes [N, latent] that lie at `share` [N, 1] of the way from `start` to `end`, [latent] or [N, latent], along a great
    circle (White 2016), so that all are as likely as the ends.

    Normal codes lie near a sphere; the straight way between two of them leads through its inside, where no code ever is.
    """
    ends = [code / code.norm(dim=-1, keepdim=True) for code in (start, end)]
    angle = torch.acos((ends[0] * ends[1]).sum(dim=-1, keepdim=True).clamp(-1, 1))
    along = (torch.sin((1 - share) * angle) * start + torch.sin(share * angle) * end) / torch.sin(angle)
    return torch.where(angle < 1e-4, torch.lerp(start, end, share.expand(-1, start.shape[-1])), along)
