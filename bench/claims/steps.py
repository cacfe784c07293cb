"""Training steps, one of D and one of G on 64 pictures, with networks that peers have, too."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from bench.claim import Contest
from bench.peers import dcgan, sngan
from bench.same import Twins
from ganlib.methods.base import Batch, Setting
from ganlib.methods.gan import Game, Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.nets.r3gan import R3gan
from ganlib.nets.resnet import Resnet
from ganlib.objectives.hinge import Hinge
from ganlib.objectives.nonsaturating import Nonsaturating
from ganlib.objectives.relativistic import Relativistic
from ganlib.training.guard import settle

BATCH, RATE = 64, 2e-4

DCGAN = Gan(
    network=Dcgan(latent=dcgan.LATENT, norm=True),
    objective=Nonsaturating(),
    penalties={},
    reuse=True,
    beta1=0.5,
    beta2=0.999,
    ema_kimg=0,
)
SNGAN = {
    32: Resnet(width=256, max_width=256, d_width=128, d_max_width=128, smallest=8, flat=2),
    64: Resnet(width=64, max_width=1024, smallest=2, flat=0),
}
R3GAN = Gan(network=R3gan(), objective=Relativistic(), penalties={"r1": 1.0, "r2": 1.0}, ema_kimg=0.5)
#: The widths of the same, of G from the code outwards, of D from the picture inwards, and how many blocks of D do not halve.
_WIDTHS = {
    32: ([256] * 4, [128] * 4, 2),
    64: ([1024, 512, 256, 128, 64], [64, 128, 256, 512, 1024], 0),
}
_SAME = "pictures, scores and gradients in float64; G's gradient after a step"
#: Of the relative difference of G's gradient in a step. In float32 ours differs from itself by 0.003 when maps lie in memory in
#: another order: rounding sends units next to a kink of their ReLU either way, and each of them changes its gradient whole.
_STEP_LIMIT = {torch.float32: 0.02, torch.bfloat16: 0.3}


def dcgan_64(precision: torch.dtype, device: str = "cpu") -> Contest:
    """Against pytorch/examples."""
    game, peer = _game(DCGAN, 64, precision, device), dcgan.Step(RATE, device)
    g = Twins(peer.g, game.g, ours_only=("last.bias",))
    d = Twins(peer.d, game.d, ours_only=("0.bias", "last.bias"))
    g.equalise()
    d.equalise()
    codes, pictures = torch.randn(4, dcgan.LATENT).double().to(device), _pictures(4, 64, device).double()
    g.check("DCGAN's G", lambda module: module(codes[:, :, None, None]), lambda module: module(codes))
    d.check("DCGAN's D", lambda module: torch.logit(module(pictures)), lambda module: module(pictures))
    (codes, _), real = _codes(dcgan.LATENT, device), _pictures(BATCH, 64, device)
    ours = _ours(game, real)
    contest = Contest(lambda: peer(real, codes), ours, _SAME, check=partial(settle, game.parts()))
    _check_step(contest, peer, game, g, precision)
    return contest


def sngan_at(size: int, precision: torch.dtype, device: str = "cpu") -> Contest:
    """Against mimicry and StudioGAN."""
    knobs = Gan(network=SNGAN[size], objective=Hinge(), penalties={}, beta1=0.0, beta2=0.9, ema_kimg=0)
    widths_g, widths_d, flat = _WIDTHS[size]
    game = _game(knobs, size, precision, device)
    peer = sngan.Step(sngan.Generator(widths_g), sngan.Discriminator(widths_d, flat), RATE, device)
    g = Twins(peer.g, game.g, peer_only=(".shortcut.bias", ".first.bias", ".second.bias"))
    d = Twins(peer.d, game.d, peer_only=(".shortcut.bias",))
    g.equalise()
    d.equalise()
    codes, pictures = torch.randn(4, sngan.LATENT).double().to(device), _pictures(4, size, device).double()
    g.check("SNGAN's G", lambda module: module(codes), lambda module: module(codes))
    # Not in training, where each pass takes a turn of the power method: its float32 vectors would be as far apart as they round.
    d.check("SNGAN's D", lambda module: module.eval()(pictures), lambda module: module.eval()(pictures))
    pair, real = _codes(sngan.LATENT, device), _pictures(BATCH, size, device)
    ours = _ours(game, real)
    contest = Contest(lambda: peer(real, pair), ours, _SAME, check=partial(settle, game.parts()))
    _check_step(contest, peer, game, g, precision)
    return contest


def r3gan_64(precision: torch.dtype, device: str = "cpu") -> Contest:
    """Against its own plain form: no peer's step is written down here."""
    ours, plain = (_game(R3GAN, 64, dtype, device, fast) for dtype, fast in ((precision, True), (torch.float32, False)))
    g, d = Twins(plain.g, ours.g), Twins(plain.d, ours.d)
    for network in (ours.g, ours.d):
        _draw_zeros(network)
    g.equalise()
    d.equalise()
    codes, pictures = torch.randn(4, R3GAN.network.latent).double().to(device), _pictures(4, 64, device).double()
    g.check("R3GAN's G", lambda module: module(codes), lambda module: module(codes))
    d.check("R3GAN's D", lambda module: module(pictures), lambda module: module(pictures))
    real = _pictures(BATCH, 64, device)
    check = partial(settle, ours.parts())
    return Contest(_ours(plain, real), _ours(ours, real), "pictures, scores and gradients in float64", counted=False, check=check)


def _game(knobs: Gan, size: int, precision: torch.dtype, device: str, fast: bool = True) -> Game:
    torch.manual_seed(0)
    return knobs.learner(Setting(size, 3, BATCH, torch.device(device), precision, fast))


@torch.no_grad()
def _draw_zeros(network: nn.Module) -> None:
    """Weights that begin at 0 drawn like others: what lies behind them would have no gradient to be compared."""
    for parameter in network.parameters():
        if not parameter.any():
            parameter.normal_(std=0.05)


def _check_step(contest: Contest, peer: dcgan.Step | sngan.Step, game: Game, g: Twins, precision: torch.dtype) -> None:
    """Let either take a step of length 0, and compare what G would have learnt. (Adam's first step has one length wherever a
    gradient is not 0: rounding would send D's weights either way.)"""
    game.anneal(0.0)
    peer.set_rate(0.0)
    contest.peer()
    contest.ours()
    rough = torch.bfloat16 if game.device.type == "cuda" else precision  # TF32 has as few digits as to matter
    g.check_step("G", _STEP_LIMIT[rough])
    game.anneal(1.0)
    peer.set_rate(RATE)


def _codes(latent: int, device: str) -> tuple[Tensor, Tensor]:
    """What our first step rolls for either event."""
    dice = torch.Generator().manual_seed(0)
    return torch.randn(BATCH, latent, generator=dice).to(device), torch.randn(BATCH, latent, generator=dice).to(device)


def _ours(game: Game, real: Tensor) -> Callable[[], object]:
    dice = torch.Generator().manual_seed(0)
    rows = torch.arange(BATCH)
    return lambda: game.step(Batch(real, rows, dice, BATCH))


def _pictures(number: int, size: int, device: str) -> Tensor:
    return (torch.rand(number, 3, size, size) * 2 - 1).to(device)
