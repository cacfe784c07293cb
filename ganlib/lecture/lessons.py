"""A small game that the figures play for themselves, and the batches that it is played with."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Game, Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.sampling.draw import codes_for
from ganlib.training.batches import Batches, Pictures, dice_for

BATCH = 16
CPU = torch.device("cpu")
RATE = 5e-4

#: Small enough to be played for a minute, large enough to draw heads with hair in that time.
GAME = Gan(
    network=Dcgan(width=32), penalties={"r1": 0.2}, penalty_every=4, lr_generator=RATE, lr_discriminator=RATE, ema_kimg=0.0
)


def new_game(pictures: Pictures, seed: int, knobs: Gan) -> Game:
    """A game for pictures uint8 [N, H, W, C], before its first step, with weights drawn from `seed`."""
    return knobs.learner(setting(pictures, seed))


def setting(pictures: Pictures, seed: int) -> Setting:
    """What a learner of pictures uint8 [N, H, W, C] must fit, on the CPU; torch's global random state is set to `seed`."""
    torch.manual_seed(seed)
    return Setting(pictures.shape[1], pictures.shape[3], len(pictures), CPU, torch.float32)


def lessons(pictures: Pictures, seed: int, images: int = 0) -> Iterator[Batch]:
    """Batches of `BATCH` pictures without end, the first one after `images` pictures; the same for the same seed."""
    batches = Batches(pictures, BATCH, seed, False, CPU)
    while True:
        dice = dice_for(seed, images)
        real, rows = batches.at(images, dice)
        yield Batch(real, rows, dice, images)
        images += BATCH


def event_one(game: Game, batch: Batch) -> None:
    """Only D learns; with a penalty in as many steps as in an ordinary game."""
    penalise = batch.images // len(batch.real) % game.knobs.penalty_every == 0
    game.event_one(batch, game.codes(batch), penalise)


def event_two(game: Game, batch: Batch) -> None:
    """Only G learns."""
    game.event_two(batch, game.codes(batch))


def as_input(pictures: Pictures) -> Tensor:
    """Pictures uint8 [N, H, W, C] as networks see them: float32 [N, C, H, W] in [-1, 1]."""
    return torch.from_numpy(pictures.copy()).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


@torch.no_grad()
def in_company(network: nn.Module, inputs: Tensor) -> Tensor:
    """What `network` answers to inputs [N, …], given `BATCH` at a time, as in the game: its norms and D's spread over the batch
    look at a picture's neighbours, too. Its running statistics are put back."""
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    answers = torch.cat([network(some) for some in torch.split(inputs, BATCH)])
    for name, buffer in network.named_buffers():
        buffer.copy_(buffers[name])
    return answers


def codes(number: int, latent: int, seed: int) -> Tensor:
    """The first standard normal codes [number, latent] of a seed."""
    return codes_for(seed, range(number), latent)
