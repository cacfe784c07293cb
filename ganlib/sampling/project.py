"""A user's picture in the space of codes: the code whose picture comes nearest to it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganlib.conditions.attribute import Value
from ganlib.errors import AtelierError
from ganlib.pictures.decode import Pixels
from ganlib.sampling.draw import codes_for, decode
from ganlib.sampling.model import Model
from ganlib.sampling.reader import Reader
from ganlib.sampling.space import joined, parted
from ganlib.training.adam import FusedAdam
from ganlib.training.batches import to_float
from ganlib.training.descent import set_rate

#: Codes that are tried first; the best of them, from which one is sought; how many steps are taken, and how large at first.
TRIED, STARTS, STEPS, RATE = 500, 8, 200, 0.1
#: Sides of the squares over which pictures are averaged before they are compared; how far out codes may lie, in deviations.
SIDES, USUAL = (1, 2, 4), 3.0


@dataclass(frozen=True)
class Projection:
    """code: [latent]. reconstruction: what it draws, uint8 [H, W, C]. error: the root of the mean squared difference from the
    picture, in levels from 0 to 255. asked: what was read off the picture and asked for, by attribute."""

    code: Tensor
    reconstruction: Pixels
    error: float
    asked: Mapping[str, Value]


def project(
    model: Model, picture: Pixels, reader: Reader | None = None, seed: int = 0, starts: int = STARTS, steps: int = STEPS
) -> Projection:
    """The code nearest to a picture, uint8 [size, size, channels], which `ganlib.pictures.formed` makes of any.

    Of a model with conditions these are read off the picture first, and held. From the `starts` best of 500 codes the free
    numbers go down `losses` by Adam; the code with the least error is taken. The same seed gives the same code. Raises
    `AtelierError` for a picture of another form.
    """
    shape = (model.size, model.size, model.channels)
    if picture.shape != shape or picture.dtype != np.uint8:
        other = f"{picture.dtype} {list(picture.shape)}"
        raise AtelierError(
            f"Expected a picture uint8 {list(shape)} to project, found {other}; nothing was done. Bring it to form first."
        )
    asked = read_off(model, picture, reader)
    codes = codes_for(seed, range(TRIED), model.latent)
    if model.conditions is not None:
        codes = model.conditions.turned(codes, asked)
    target = to_float(torch.from_numpy(np.array(picture[None])))
    found = _sought(model, _best(model, codes, target, starts), target, steps)
    drawn = decode(model.generator, found)
    errors = np.sqrt(((drawn.astype(float) - picture) ** 2).mean(axis=(1, 2, 3)))
    best = int(errors.argmin())
    return Projection(found[best], drawn[best], float(errors[best]), asked)


def losses(drawn: Tensor, target: Tensor, free: Tensor) -> Tensor:
    """How far pictures [N, C, H, W] in [-1, 1] are from one [1, C, H, W], and how unusual their free numbers [N, free] are: [N].

    The mean over sides 1, 2 and 4 of mean squared differences of what is averaged over squares of that side, for the large
    parts to find their place before the small ones do; and the square of what ‖z‖² / free is above 1 + 3 √(2 / free), three
    deviations beyond its mean, for what a generator makes of codes that it never gets is no picture.
    """
    most = 1 + USUAL * (2 / free.shape[1]) ** 0.5
    apart = [avg_pool2d(drawn - target, side).square().mean(dim=(1, 2, 3)) for side in SIDES if side <= target.shape[2]]
    beyond: Tensor = (free.square().mean(dim=1) - most).relu()
    return torch.stack(apart).mean(dim=0) + beyond.square()


def read_off(model: Model, picture: Pixels, reader: Reader | None) -> dict[str, Value]:
    """What a picture shows of what the model can be asked for, as far as it is read rightly; numbers within their range."""
    if model.conditions is None or reader is None:
        return {}
    read = reader.read(picture[None])
    found: dict[str, Value] = {}
    for seen in reader.attributes:
        if seen.name not in model.conditions.names:
            continue
        attribute, number = model.conditions.attribute(seen.name), float(read[seen.name][0])
        if attribute.values:
            found[seen.name] = attribute.values[attribute.place(seen.values[int(number)])]
        else:
            found[seen.name] = min(max(number, attribute.knots[0]), attribute.knots[-1])
    return found


@torch.no_grad()
def _best(model: Model, codes: Tensor, target: Tensor, number: int) -> Tensor:
    """The `number` codes that begin nearest."""
    free = parted(codes, model.conditions)[0]
    blocks = zip(torch.split(codes, 50), torch.split(free, 50), strict=True)
    apart = [losses(_pictures(model, some), target, few) for some, few in blocks]
    return codes[torch.cat(apart).topk(number, largest=False).indices]


def _sought(model: Model, codes: Tensor, target: Tensor, steps: int) -> Tensor:
    """Codes [N, latent] after so many steps downhill, each for itself, their rate falling to 0 on half a cosine."""
    free, asking = (part.clone() for part in parted(codes, model.conditions))
    optimiser = FusedAdam([("codes", free.requires_grad_())], RATE, (0.9, 0.999))
    for step in range(steps):
        set_rate(optimiser, RATE * (1 + math.cos(math.pi * step / steps)) / 2)
        loss = losses(_pictures(model, joined(free, asking)), target, free).sum()
        (free.grad,) = torch.autograd.grad(loss, free)  # of the codes alone: the generator's weights cost nothing
        optimiser.step()
    return joined(free.detach(), asking)


def _pictures(model: Model, codes: Tensor) -> Tensor:
    pictures: Tensor = model.generator(codes.to(next(model.generator.parameters()).device))
    return pictures.float().cpu()
