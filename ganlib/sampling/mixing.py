"""A portrait out of two."""

from collections.abc import Collection

from torch import Tensor, tensor

from ganlib.conditions.conditions import Conditions
from ganlib.sampling.bounds import within
from ganlib.sampling.interpolate import at
from ganlib.sampling.space import joined, parted, place_of


def mixed(
    first: Tensor, second: Tensor, share: float, conditions: Conditions | None = None, of_second: Collection[str] = ()
) -> Tensor:
    """A code [latent] whose free numbers lie at `share` of the way from `first` to `second`, both [latent], on a great circle.

    It asks for what `first` does, but for the attributes named in `of_second`. Raises `AtelierError` for an attribute that the
    model lacks, and a share outside [0, 1].
    """
    (free_first, asking), (free_second, other) = (parted(code, conditions) for code in (first, second))
    asking = asking.clone()
    for name in of_second:
        place = place_of(name, conditions)
        asking[place] = other[place]
    return joined(at(free_first, free_second, tensor([[within("share", share, 0, 1)]]))[0], asking)
