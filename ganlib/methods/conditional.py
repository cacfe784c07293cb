"""The game with conditions: both are told what a picture is to be (Mirza and Osindero 2014), or find out by themselves.

projection: D's score grows with how well a picture goes with its condition, by an inner product (Miyato and Koyama 2018,
equation 3). auxiliary: D tells what a picture is, and both are taught by its mistakes (Odena et al. 2017). infogan: nothing is
known of real pictures; D tells what generated ones were to be, which is a bound on what code and picture have in common (Chen et
al. 2016, equation 5), so that factors come about that can be seen.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from ganlib.conditions.attribute import KNOTS, Attribute
from ganlib.conditions.codes import AskedCodes
from ganlib.conditions.conditions import Conditions
from ganlib.conditions.untold import untold
from ganlib.errors import AtelierError
from ganlib.knobs import Natural, NaturalFloat, Range, Share
from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Game, Gan, Heard
from ganlib.ranks import rolled
from ganlib.training.sending import sent


@dataclass(frozen=True)
class Conditional(Gan):
    """The knobs of the game with conditions, beside those of the game without.

    conditions: labels of the data set; each is a class or, where all its values are numbers, a number; `caption` is a sentence,
    made from the other labels of portraits where the data set has no such label. sentence: as how many numbers it is told;
    phrasings: captions made of each picture. signal: how D is told,
    or tells; `both` is projection and auxiliary together. teach_d, teach_g: weights of what D fails to tell, in its loss and in
    G's. drop: the share of pictures whose conditions neither is told, so that G learns to draw without any, which guidance needs.
    classes, numbers: of infogan, factors to be found: how many values each choice has, and how many numbers.
    """

    name: Literal["conditional"] = "conditional"  # type: ignore[assignment]
    conditions: tuple[str, ...] = ()
    sentence: Annotated[int, Range(ge=1, le=384)] = 48
    phrasings: Annotated[int, Range(ge=1, le=64)] = 8
    signal: Literal["projection", "auxiliary", "both", "infogan"] = "both"
    teach_d: NaturalFloat = 1.0
    teach_g: NaturalFloat = 1.0
    drop: Share = 0.0
    classes: tuple[Annotated[int, Range(ge=2, le=200)], ...] = field(default=(10,))
    numbers: Natural = 2

    def __post_init__(self) -> None:
        """Refuse what makes no sense together, with the reason."""
        super().__post_init__()
        if self.discriminator != "scores":
            raise ValueError("must have `discriminator: scores` with conditions: errors of reconstruction are asked nothing")
        if self.codes == "uniform":
            raise ValueError("must have `codes: normal` with conditions: what is asked for is a part of the codes")
        if self.signal == "infogan" and self.conditions:
            raise ValueError(
                "must have no conditions with `signal: infogan`, which finds its own factors: name classes and numbers"
            )
        if self.signal == "infogan" and not (self.classes or self.numbers):
            raise ValueError("must have classes or numbers with `signal: infogan`, or there is nothing to find")
        if self.signal != "infogan" and not self.conditions:
            raise ValueError("must name labels of the data set in conditions, or set `signal: infogan`, which needs none")

    def given(self, conditions: Conditions, size: int, channels: int) -> nn.Module:
        """A new generator of standard normal codes [N, latent + attributes], as the published weights fit it."""
        decoder = self.network.generator(size, channels, conditions.width)
        return AskedCodes(decoder, conditions, self.network.latent)

    def generator(self, size: int, channels: int) -> nn.Module:
        """Of infogan alone: what it is asked for is known before any label."""
        return self.given(self.factors(), size, channels)

    def factors(self) -> Conditions:
        """What infogan is to find: choices, all values as often, and numbers as the normal distribution's probabilities."""
        even = torch.linspace(-1, 1, KNOTS).tolist()
        choices = [
            Attribute(f"choice{place}", tuple(map(str, range(1, count + 1))), (1 / count,) * count)
            for place, count in enumerate(self.classes, start=1)
        ]
        return Conditions((*choices, *(Attribute(f"number{place}", knots=tuple(even)) for place in range(1, self.numbers + 1))))

    def learner(self, setting: Setting) -> "ConditionalGame":
        """The game, ready for its first step; weights are drawn from torch's global random state."""
        return ConditionalGame(self, setting)


class Unasked(nn.Module):
    """The discriminator's score of a picture alone, [N], whatever it was to be."""

    def __init__(self, d: nn.Module) -> None:
        super().__init__()
        self.d = d

    def forward(self, pictures: Tensor) -> Tensor:
        answers: Tensor = self.d(pictures)
        return answers[:, 0]


class ConditionalGame(Game):
    """The game, with what each picture of the data set is to be, [pictures, width] or, of captions,
    [pictures, phrasings, width], on the device (None: factors are
    found, new ones, or those of a model that it goes on from).

    D answers [N, 1 + width]: a score, and for each number that it is told one that says how well it goes with the picture.
    """

    def __init__(self, knobs: Conditional, setting: Setting) -> None:
        self.finds = knobs.signal == "infogan"
        if not self.finds and (setting.conditions is None or setting.told is None):
            raise ValueError("a game with conditions needs those of the data set: Setting.conditions and Setting.told")
        self.conditions = knobs.factors() if setting.conditions is None else setting.conditions
        if knobs.drop and not self.finds and not self.conditions.can_be_silent:
            raise AtelierError(
                f"train.method.drop: expected 0 where all conditions are numbers ({', '.join(self.conditions.labels)}), found "
                f"{knobs.drop:g}; nothing was started. To tell nothing would be to ask for the middle of each. Name a class or "
                "captions besides, or drop none."
            )
        self.table = None if setting.told is None else torch.from_numpy(setting.told).to(setting.device)
        self.asking = knobs
        super().__init__(knobs, setting)
        self.codes_latent = knobs.network.latent
        self.latent = self.codes_latent + len(self.conditions.attributes)
        self.share_g = knobs.teach_g / knobs.teach_d if knobs.teach_d else 0.0
        self._told: tuple[Batch, Tensor, Tensor | None] | None = None

    def build(self, knobs: Gan, setting: Setting) -> tuple[nn.Module, nn.Module]:
        """The generator of what networks are told, and a discriminator that answers more."""
        width = self.conditions.width
        generator = self.asking.given(self.conditions, setting.size, setting.channels)
        return generator, knobs.network.discriminator(setting.size, setting.channels, 1 + width)

    def codes(self, batch: Batch) -> Tensor:
        """What the decoder is given: standard normal numbers, and what the pictures of the batch are to be."""
        free = rolled(torch.randn, (len(batch.real), self.codes_latent), batch.dice, self.device)
        return torch.cat([free, self.told(batch)], dim=1)

    def told(self, batch: Batch) -> Tensor:
        """What both are told of the batch, [N, width]: the same in all of a step."""
        if self._told is None or self._told[0] is not batch:
            self._told = batch, *self._tell(batch)
        return self._told[1]

    def _tell(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """What is told of the batch, and of which of its pictures, [N] (None: of all)."""
        number = len(batch.real)
        if self.table is None:
            asked = rolled(torch.randn, (number, self.latent), batch.dice, self.device)
            drawn: Tensor = self.g.told(asked)  # type: ignore[operator]
            return drawn, None
        told = self._phrased(self.table[sent(batch.rows, self.device)], batch)
        if not self.asking.drop:
            return told, None
        kept = rolled(torch.rand, (number, 1), batch.dice, self.device) >= self.asking.drop
        return told * kept, kept[:, 0]

    def _phrased(self, told: Tensor, batch: Batch) -> Tensor:
        """One of the phrasings of each picture, [N, width] of [N, phrasings, width], where there are several."""
        if told.dim() == 2:
            return told
        shares = rolled(torch.rand, (len(told),), batch.dice, self.device)
        return told[torch.arange(len(told), device=self.device), (shares * told.shape[1]).long()]

    def draw(self, codes: Tensor) -> Tensor:
        """The decoder's pictures, float32 [N, C, H, W], of what it is told itself."""
        with self._autocast():
            pictures: Tensor = self.g.decoder(codes)  # type: ignore[operator]
        return pictures.float()

    def heard(self, pictures: Tensor, batch: Batch, real: bool) -> Heard:
        """The score, which conditions may raise; and what D fails to tell of pictures whose conditions are known."""
        answers = self.d(pictures).float()
        told, scores = self.told(batch), answers[:, 0]
        if self.asking.signal in ("projection", "both"):
            scores = scores + (answers[:, 1:] * told).sum(dim=1)
        if self.asking.signal == "projection" or not self.asking.teach_d or (self.finds and real):
            return Heard(scores)
        return Heard(
            scores, self.asking.teach_d * untold(answers[:, 1:], told, self.conditions, self._told[2] if self._told else None)
        )

    def judge(self) -> nn.Module | None:
        """The discriminator's score of a picture alone."""
        return Unasked(self.d)
