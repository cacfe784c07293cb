"""From one portrait to another: walks between two codes."""

from collections.abc import Callable

import torch
from torch import Tensor

from ganlib.conditions.conditions import Conditions
from ganlib.errors import AtelierError
from ganlib.knobs import unknown
from ganlib.sampling.space import joined, parted


def spherical(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Codes [steps, latent] from `start` to `end`, both [latent], along a great circle; see `at`."""
    return at(start, end, torch.linspace(0, 1, steps)[:, None])


def straight(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """The codes [N, latent] at `share` [N, 1] of the line from `start` to `end`, shorter in the middle than codes are."""
    return torch.lerp(start, end, share.expand(-1, start.shape[-1]))


def walk(start: Tensor, end: Tensor, steps: int, conditions: Conditions | None = None, way: str = "spherical") -> Tensor:
    """Codes [steps, latent] from `start` to `end`, both [latent]; see `between`."""
    return between(start, end, torch.linspace(0, 1, steps)[:, None], conditions, way)


def between(start: Tensor, end: Tensor, share: Tensor, conditions: Conditions | None, way: str = "spherical") -> Tensor:
    """The codes [N, latent] at `share` [N, 1] of the way between two, both [latent], whose free numbers go one of `WAYS`.

    What codes ask for goes straight: two that ask for long hair have long hair all the way, where on a great circle it would
    grow longer in between. A class has nothing between it and another one; it changes once, in the middle. Raises `AtelierError`
    for another way.
    """
    if way not in WAYS:
        raise AtelierError(f"way {way[:80]}: {unknown('way', way[:80], WAYS)}. Nothing was drawn.")
    (free_start, asked_start), (free_end, asked_end) = (parted(code, conditions) for code in (start, end))
    asked = straight(asked_start, asked_end, share)
    for place, attribute in enumerate(conditions.attributes if conditions else ()):
        if attribute.values:
            asked[:, place] = torch.where(share[:, 0] >= 0.5, asked_end[place], asked_start[place])
    return joined(WAYS[way](free_start, free_end, share), asked)


def at(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """The codes [N, latent] that lie at `share` [N, 1] of the way from `start` to `end`, [latent] or [N, latent], along a great
    circle (White 2016), so that all are as likely as the ends.

    Normal codes lie near a sphere; the straight way between two of them leads through its inside, where no code ever is.
    """
    ends = [code / code.norm(dim=-1, keepdim=True) for code in (start, end)]
    angle = torch.acos((ends[0] * ends[1]).sum(dim=-1, keepdim=True).clamp(-1, 1))
    along = (torch.sin((1 - share) * angle) * start + torch.sin(share * angle) * end) / torch.sin(angle)
    return torch.where(angle < 1e-4, torch.lerp(start, end, share.expand(-1, start.shape[-1])), along)


#: The ways from one code to another, by name.
WAYS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"spherical": at, "straight": straight}
