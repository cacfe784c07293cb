"""Guidance: what is asked for, exaggerated, by a generator that learnt to draw without being asked, too."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from ganlib.conditions.codes import AskedCodes
from ganlib.errors import AtelierError
from ganlib.sampling.model import Model


class Guided(nn.Module):
    """Pictures at `strength` of the way from the one that is asked nothing to the one that is asked, cut off at -1 and 1.

    The rule is that of classifier-free guidance (Ho and Salimans 2022, equation 6) for pictures rather than for the noise in
    them: 0 asks for nothing, 1 asks, more exaggerates the difference that asking makes.
    """

    def __init__(self, asked: AskedCodes, strength: float) -> None:
        super().__init__()
        self.asked, self.strength = asked, strength

    def told(self, codes: Tensor) -> Tensor:
        """What the decoder is told, as of the generator itself."""
        return self.asked.told(codes)

    def forward(self, codes: Tensor) -> Tensor:
        free, told = codes[:, : self.asked.latent], self.asked.told(codes)
        silent = self.asked.decoder(torch.cat([free, torch.zeros_like(told)], dim=1))
        pictures: Tensor = silent + self.strength * (self.asked.decoder(torch.cat([free, told], dim=1)) - silent)
        return pictures.clamp(-1, 1)


def guided(model: Model, strength: float) -> Model:
    """The model with that much guidance. Raises `AtelierError` for one that never learnt to draw without being asked."""
    drop = float(model.card["method"].get("drop", 0.0)) if model.conditions else 0.0
    if not isinstance(model.generator, AskedCodes) or not drop:
        raise AtelierError(
            "guidance: expected a model that learnt to draw without being asked, too, found one that never did. Nothing was "
            "drawn. Train it with train.method.name conditional and train.method.drop (0.1, say)."
        )
    return replace(model, generator=Guided(model.generator, strength).eval())
