"""Directions fitted to attributes (InterFaceGAN, Shen et al. 2020): draw, read off what was drawn, and ask the codes why."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from ganlib.conditions.attribute import NONE, Attribute
from ganlib.sampling.axes import Aim, Axes, padded
from ganlib.sampling.draw import codes_for, decode
from ganlib.sampling.model import Model
from ganlib.sampling.moves import MORE
from ganlib.sampling.reader import Reader
from ganlib.sampling.space import width

#: Codes that are drawn; every fourth of them is held out. The weight of the squared coefficients; the fewest of a class.
NUMBER, RIDGE, FEWEST = 2000, 1e-3, 20


def fitted(model: Model, reader: Reader, seed: int = 0, number: int = NUMBER) -> Axes:
    """One direction [latent] for each attribute that is a number, and for each class of the others that is drawn now and then,
    but for attributes that the model can be asked for. share: how well held-out codes tell it, as a correlation of numbers, or
    of a class as 2 AUC − 1: 0 is not at all, 1 is all of it."""
    codes = codes_for(seed, range(number), model.latent)
    free = codes[:, : width(model.latent, model.conditions)].double()
    read = reader.read(decode(model.generator, codes))
    given = set(model.conditions.names) if model.conditions else set()
    wanted = [attribute for attribute in reader.attributes if attribute.name not in given]
    found = [one for attribute in wanted for one in _of(attribute, free, read[attribute.name])]
    if not found:
        return Axes(torch.zeros(0, model.latent), torch.zeros(0))
    return Axes(
        padded(torch.stack([one.way for one in found]), model.latent),
        torch.tensor([one.told for one in found]),
        tuple(one.aim for one in found),
    )


def linear(codes: Tensor, numbers: Tensor) -> Tensor:
    """The coefficients [free] by which codes [N, free] tell numbers [N] best: least squares, with a little ridge."""
    x, y = codes - codes.mean(dim=0), numbers - numbers.mean()
    ridge = RIDGE * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
    solved: Tensor = torch.linalg.solve(x.T @ x + ridge, x.T @ y)
    return solved


def logistic(codes: Tensor, classes: Tensor, count: int) -> Tensor:
    """The coefficients [count, free] of multinomial logistic regression of classes [N] on codes [N, free]."""
    weight = torch.zeros(count, codes.shape[1] + 1, dtype=codes.dtype, requires_grad=True)
    inputs = torch.cat([codes, codes.new_ones(len(codes), 1)], dim=1)
    optimiser = torch.optim.LBFGS([weight], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = cross_entropy(inputs @ weight.T, classes) + RIDGE * weight[:, :-1].square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach()[:, :-1]


@dataclass(frozen=True)
class _Fit:
    """way: [free], to more of what is aimed at. told: how well held-out codes tell it along this way."""

    way: Tensor
    told: float
    aim: Aim


def _of(attribute: Attribute, codes: Tensor, read: NDArray[np.float64]) -> Iterator[_Fit]:
    """What is fitted to one attribute."""
    held = torch.arange(len(codes)) % 4 == 0
    values = torch.from_numpy(read)
    if not attribute.values:
        if values[~held].std() > 0:
            way = linear(codes[~held], values[~held])
            yield _Fit(way, _correlation(codes[held] @ way, values[held]), Aim(attribute.name, MORE))
        return
    places, classes = torch.unique(values.long(), return_inverse=True)
    if len(places) < 2:
        return
    ways = logistic(codes[~held], classes[~held], len(places))
    for row, (place, way) in enumerate(zip(places.tolist(), ways, strict=True)):
        ours = classes == row
        opposite = len(places) == 2 and attribute.values[place] == NONE  # less of one thing, which has a direction itself
        if int(ours.sum()) >= FEWEST and not opposite:
            yield _Fit(way, _told_apart(codes[held] @ way, ours[held]), Aim(attribute.name, attribute.values[place]))


def _correlation(told: Tensor, values: Tensor) -> float:
    found = torch.corrcoef(torch.stack([told, values]))[0, 1]
    return float(found) if torch.isfinite(found) else 0.0


def _told_apart(told: Tensor, ours: Tensor) -> float:
    """2 AUC − 1; 0 where there is nothing to tell apart."""
    inside, outside = told[ours], told[~ours]
    return float((inside[:, None] - outside).sign().mean()) if len(inside) and len(outside) else 0.0
