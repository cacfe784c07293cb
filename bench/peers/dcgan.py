"""The step of pytorch/examples' DCGAN (dcgan/main.py): five convolutions either way, probabilities, one Adam each.

One batch of codes serves both networks; D stays in the graph when G learns; memory lies as torch lays it by default.
"""

from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy
from torch.optim import Adam

LATENT, WIDTH = 100, 64


def generator() -> nn.Sequential:
    """Codes [N, 100, 1, 1] to pictures [N, 3, 64, 64] in [-1, 1]."""
    widths = [8 * WIDTH, 4 * WIDTH, 2 * WIDTH, WIDTH]
    layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT, widths[0], 4, 1, 0, bias=False)]
    for wide, narrow in zip(widths, [*widths[1:], 3], strict=True):
        layers += [nn.BatchNorm2d(wide), nn.ReLU(inplace=True), nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False)]
    return nn.Sequential(*layers, nn.Tanh())


def discriminator() -> nn.Sequential:
    """Pictures [N, 3, 64, 64] to probabilities of being real [N, 1, 1, 1]."""
    layers: list[nn.Module] = [nn.Conv2d(3, WIDTH, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
    for narrow in (WIDTH, 2 * WIDTH, 4 * WIDTH):
        layers += [
            nn.Conv2d(narrow, 2 * narrow, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * narrow),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.Conv2d(8 * WIDTH, 1, 4, 1, 0, bias=False), nn.Sigmoid())


class Step:
    """Both networks with their optimisers."""

    def __init__(self, rate: float, device: str = "cpu") -> None:
        self.g, self.d = generator().to(device), discriminator().to(device)
        self.optimiser_g = Adam(self.g.parameters(), lr=rate, betas=(0.5, 0.999))
        self.optimiser_d = Adam(self.d.parameters(), lr=rate, betas=(0.5, 0.999))

    def set_rate(self, rate: float) -> None:
        """Let every further step have this learning rate."""
        for optimiser in (self.optimiser_g, self.optimiser_d):
            for group in optimiser.param_groups:
                group["lr"] = rate

    def __call__(self, real: Tensor, codes: Tensor) -> None:
        """One step of D, on real and generated pictures one after the other, and one of G."""
        ones, zeros = real.new_ones(len(real)), real.new_zeros(len(real))
        self.d.zero_grad()
        binary_cross_entropy(self.d(real).view(-1), ones).backward()  # type: ignore[no-untyped-call]
        fake = self.g(codes[:, :, None, None])
        binary_cross_entropy(self.d(fake.detach()).view(-1), zeros).backward()  # type: ignore[no-untyped-call]
        self.optimiser_d.step()
        self.g.zero_grad()
        binary_cross_entropy(self.d(fake).view(-1), ones).backward()  # type: ignore[no-untyped-call]
        self.optimiser_g.step()
