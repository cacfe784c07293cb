"""What an adversarial objective is to the game: two losses, pure functions of scores."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor


@dataclass(frozen=True)
class Objective(ABC):
    """The two sides of a game, as losses to be made small, with the objective's own knobs as fields.

    Scores are D's answers [N] to real and to generated pictures, as many of the one as of the other. relative: the
    generator's loss depends on the scores of real pictures, too. reconstructs: D must be an auto-encoder, whose scores are
    reconstruction errors. signed: scores above 0 say "real", those below "generated". bounded: it only makes sense for a D
    whose slope is bounded (clipped, penalised or normalised).
    """

    name: str

    relative: ClassVar[bool] = False
    reconstructs: ClassVar[bool] = False
    signed: ClassVar[bool] = False
    bounded: ClassVar[bool] = False

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """The discriminator's loss, a scalar."""

    @abstractmethod
    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """The generator's loss, a scalar. `real` holds scores only where the objective is `relative`; else it is `fake`."""

    def balanced(self, real: Tensor, fake: Tensor, balance: Tensor) -> Tensor:
        """The discriminator's loss in a game whose two sides are held in balance; only BEGAN heeds it."""
        return self.discriminator(real, fake)

    def next_balance(self, real: Tensor, fake: Tensor, balance: Tensor) -> Tensor:
        """The balance (a scalar that begins at 0) after a discriminator's step with these scores."""
        return balance
