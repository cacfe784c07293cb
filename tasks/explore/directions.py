"""Named directions of a model's codes, as far as somebody looked for them: in its folder, or where `tasks.steer` keeps them."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ganlib.errors import AtelierError
from ganlib.sampling.directions import NAME, Direction, direction_named, read_directions
from ganlib.sampling.model import Model
from ganlib.sampling.strip import REACH
from tasks import places


def directions_for(folder: Path, model: Model) -> tuple[Direction, ...]:
    """The directions of the model in `folder`, those that move most first; none where nobody looked for them. Raises
    `AtelierError` where the file is damaged, or another model's."""
    for home in (folder, places.DIRECTIONS / model.digest[:16]):
        if (home / NAME).exists():
            return tuple(read_directions(home, model))
    return ()


def along(codes: Tensor, directions: tuple[Direction, ...], amounts: Mapping[str, float]) -> Tensor:
    """Codes [N, latent] moved along directions by so much each. Raises `AtelierError` for others, and beyond ±3."""
    for name, amount in amounts.items():
        if not directions:
            raise AtelierError(f"{name[:80]}: expected no direction of this model, of which none are known. Nothing was drawn.")
        direction = direction_named(name, directions)
        if not -REACH <= amount <= REACH:
            raise AtelierError(
                f"{name[:80]}: expected a number from {-REACH:g} to {REACH:g}, found {amount:g}. Nothing was drawn."
            )
        codes = codes + amount * direction.vector
    return codes
