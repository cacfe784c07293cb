"""What tests of the ways of learning share: a few easy pictures, steps on fixed batches, and a resumption."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ganlib.methods.base import Batch, Learner, Method, Setting
from ganlib.nets.dcgan import Dcgan
from ganlib.training.state import from_tensors, to_tensors

CPU = torch.device("cpu")
TINY = Dcgan(width=4, latent=4)
BATCH = 8


def squares(number: int = 32) -> Tensor:
    """Pictures [number, 3, 16, 16] in [-1, 1]: on a white ground one square each, of its own colour, place and side."""
    dice = torch.Generator().manual_seed(0)
    pictures = torch.ones(number, 3, 16, 16)
    for picture in pictures:
        side, top, left = (int(torch.randint(low, high, (), generator=dice)) for low, high in ((5, 9), (0, 8), (0, 8)))
        picture[:, top : top + side, left : left + side] = 2 * torch.rand(3, 1, 1, generator=dice) - 1
    return pictures


def begin(method: Method, seed: int = 0, pictures: int = 32) -> Learner:
    """A learner for the squares."""
    torch.manual_seed(seed)
    return method.learner(Setting(16, 3, pictures, CPU, torch.float32))


def take_steps(learner: Learner, pictures: Tensor, first: int, last: int) -> dict[str, Tensor]:
    """Steps number `first` to `last - 1`, each a function of its number alone; what the last one saw."""
    seen = {}
    for number in range(first, last):
        dice = torch.Generator().manual_seed(number)
        rows = torch.randperm(len(pictures), generator=dice)[:BATCH]
        seen = learner.step(Batch(pictures[rows], rows, dice, number * BATCH, number / 1000))
    return seen


def state(learner: Learner) -> dict[str, Tensor]:
    """All that a checkpoint would hold."""
    return to_tensors(learner.parts())


def same(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> bool:
    """Whether two states are equal to the bit."""
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in theirs)


def resumed(method: Method, forgotten: str | None = None) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The ends of 12 steps in a row, and of 6 steps, a checkpoint taken up by a learner begun elsewhere, and 6 more.

    forgotten: a part that is not put back.
    """
    pictures = squares()
    whole = begin(method)
    take_steps(whole, pictures, 0, 6)
    kept = state(whole)
    take_steps(whole, pictures, 6, 12)
    other = begin(method, seed=1)
    parts = {name: part for name, part in other.parts().items() if name != forgotten}
    from_tensors(parts, {name: tensor for name, tensor in kept.items() if name.split("/")[0] != forgotten})
    take_steps(other, pictures, 6, 12)
    return state(whole), state(other)


def share_of_error(pictures: Tensor, drawn: Tensor) -> float:
    """The squared error of what was drawn, as a share of that of the mean picture."""
    error = (pictures - drawn).square().mean() / (pictures - pictures.mean(0)).square().mean()
    return float(error)
