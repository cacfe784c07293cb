"""From one portrait to another: walks between two codes."""

import torch
from torch import Tensor


def spherical(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Codes [steps, latent] from `start` to `end` along a great circle (White 2016), so that all are as likely as the ends.

    Normal codes lie near a sphere; the straight way between two of them leads through its inside, where no code ever is.
    """
    angle = torch.acos(torch.clamp(torch.dot(start / start.norm(), end / end.norm()), -1, 1))
    share = torch.linspace(0, 1, steps)[:, None]
    if angle < 1e-4:
        return torch.lerp(start, end, share)
    return (torch.sin((1 - share) * angle) * start + torch.sin(share * angle) * end) / torch.sin(angle)
