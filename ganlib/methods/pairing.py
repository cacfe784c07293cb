"""Which parts of a game go together, and why the others do not."""

from collections.abc import Mapping
from typing import Protocol

from ganlib.nets.base import Network
from ganlib.objectives.base import Objective
from ganlib.pictures.augment import Augment

#: Penalties on the slope at single pictures, which a D that couples the pictures of a batch does not have.
#: (DRAGAN's authors take theirs of a batch-normed D all the same.)
_OF_SINGLE_PICTURES = ("gradient", "r1", "r2")


class Parts(Protocol):
    """What is looked at of a game's knobs."""

    @property
    def network(self) -> Network: ...

    @property
    def objective(self) -> Objective: ...

    @property
    def discriminator(self) -> str: ...

    @property
    def penalties(self) -> Mapping[str, float]: ...

    @property
    def augment(self) -> Augment: ...

    @property
    def clip(self) -> float: ...


def senseless(game: Parts) -> str | None:
    """Why the game makes no sense, in the words of an error about it; None where it does."""
    name = game.objective.name
    taken = {penalty for penalty, weight in game.penalties.items() if weight}
    if game.objective.reconstructs and game.discriminator == "scores":
        return f"must have `discriminator: reconstruction` with the objective {name}, whose scores are errors of an auto-encoder"
    if game.discriminator == "reconstruction" and not game.objective.reconstructs:
        return (
            f"must have `discriminator: scores` with the objective {name}: the errors of an auto-encoder, large for what is "
            "generated and never below 0, are no scores to it"
        )
    if game.objective.bounded and not (game.clip or taken or game.network.bounded):
        return (
            f"must bound the slope of D with the objective {name}, whose loss has no lower bound else: set clip (0.01), "
            "penalties (gradient: 10), or a network with spectral norm"
        )
    if game.discriminator == "reconstruction" and game.augment.kinds:
        return "must not have augmentations with `discriminator: reconstruction`, which would learn to draw what they do"
    if game.augment.adapts and not game.objective.signed:
        return (
            f"must not have an augmentation with a target with the objective {name}: its scores have no sign that says whether D "
            "takes a picture for real. Leave out augment.target"
        )
    coupled = game.discriminator == "scores" and game.network.batch_normed
    if coupled and (single := sorted(taken.intersection(_OF_SINGLE_PICTURES))):
        return (
            f"must not have the penalty {single[0]} with the network {game.network.name} as it is: its discriminator couples "
            "pictures by batch norm, and has no slope at a single one (Gulrajani et al. 2017, section 4). Set its norm to false"
        )
    return None
