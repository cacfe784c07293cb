"""The generator of a code whose last numbers ask for attributes: every published generator takes standard normal codes."""

import math

import torch
from torch import Tensor, nn

from ganlib.conditions.conditions import Conditions


class AskedCodes(nn.Module):
    """A generator of codes [N, latent + attributes], standard normal, of which the last numbers ask for one attribute each.

    Φ of such a number is a probability. Which class it asks for follows from the shares of the classes, one after the other;
    which number, from its quantiles. So codes at random ask for values as often as the data have them (each attribute for
    itself), and turning one number of the code changes one attribute. decoder: is given [N, latent + width], the last numbers
    of which are what a network is told.
    """

    def __init__(self, decoder: nn.Module, conditions: Conditions, latent: int) -> None:
        super().__init__()
        self.decoder, self.latent = decoder, latent
        self.dials = nn.ModuleList(
            [Choice(attribute.shares) if attribute.values else Number(attribute.knots) for attribute in conditions.attributes]
        )

    def forward(self, codes: Tensor) -> Tensor:
        pictures: Tensor = self.decoder(torch.cat([codes[:, : self.latent], self.told(codes)], dim=1))
        return pictures

    def told(self, codes: Tensor) -> Tensor:
        """What the decoder is told of what codes ask for, [N, width]."""
        asked = 0.5 * (1 + torch.erf(codes[:, self.latent :] / math.sqrt(2)))
        return torch.cat([dial(asked[:, place]) for place, dial in enumerate(self.dials)], dim=1)


class Choice(nn.Module):
    """Probabilities [N] to the class in whose interval each lies, as ones and zeros [N, classes]."""

    bounds: Tensor

    def __init__(self, shares: tuple[float, ...]) -> None:
        super().__init__()
        bounds = torch.tensor([0.0, *shares], dtype=torch.float64).cumsum(0)
        bounds[0], bounds[-1] = -1.0, 2.0
        self.register_buffer("bounds", bounds.float())

    def forward(self, asked: Tensor) -> Tensor:
        above, below = asked[:, None] >= self.bounds[:-1], asked[:, None] < self.bounds[1:]
        return (above & below).to(asked.dtype)


class Number(nn.Module):
    """Probabilities [N] to the quantiles there, on a scale from -1, the least, to 1, the greatest: [N, 1]."""

    rises: Tensor
    starts: Tensor

    def __init__(self, knots: tuple[float, ...]) -> None:
        super().__init__()
        values = torch.tensor(knots, dtype=torch.float64)
        scaled = 2 * (values - values[0]) / (values[-1] - values[0]) - 1
        self.register_buffer("rises", scaled.diff().float())
        self.register_buffer("starts", torch.linspace(0, 1, len(knots))[:-1])

    def forward(self, asked: Tensor) -> Tensor:
        steps = len(self.rises)
        passed = ((asked[:, None] - self.starts) * steps).clamp(0, 1)
        return (passed * self.rises).sum(dim=1, keepdim=True) - 1
