"""What several networks share: how their weights are drawn, and how wide they are where."""

from torch import Tensor, nn

SMALLEST = 4  # the side of the map that the first layer of G makes and the last layer of D reads

_WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def doublings(size: int) -> int:
    """How many times the side doubles between the smallest map and a picture of `size` pixels."""
    return (size // SMALLEST).bit_length() - 1


def widening(width: int, max_width: int, steps: int) -> list[int]:
    """Channels of `steps` maps, smallest side first: the last has `width`, each one before twice its next, up to `max_width`."""
    return [min(width << step, max_width) for step in reversed(range(steps))]


def draw_small(module: nn.Module) -> None:
    """Weights from N(0, 0.02²), biases 0 (Radford et al. 2016, section 4); norms are left at the identity."""
    for layer in module.modules():
        if isinstance(layer, _WEIGHTED):
            nn.init.normal_(layer.weight, std=0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def draw_by_fan_in(module: nn.Module) -> None:
    """Weights from N(0, 2 / fan-in), biases 0, which keep the spread of what passes through rectifiers (He et al. 2015)."""
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


class Modulation(nn.Module):
    """Maps [N, C, H, W] scaled and shifted by conditions [N, K]: (1 + γ) · maps + β, γ and β linear in them.

    Both begin at zero, so that it begins as the identity (de Vries et al. 2017, section 3); without the 1 it would begin by
    wiping out what it is given.
    """

    def __init__(self, conditions: int, channels: int) -> None:
        super().__init__()
        self.turn = nn.Linear(conditions, 2 * channels)
        self.start()

    def start(self) -> None:
        """Be the identity, whatever has drawn the weights."""
        nn.init.zeros_(self.turn.weight)
        nn.init.zeros_(self.turn.bias)

    def forward(self, maps: Tensor, conditions: Tensor) -> Tensor:
        scale, shift = self.turn(conditions)[:, :, None, None].chunk(2, dim=1)
        outputs: Tensor = maps * (1 + scale) + shift
        return outputs


def modulations(conditions: int, widths: list[int]) -> nn.ModuleList:
    """One for each of these maps; none where there are no conditions."""
    return nn.ModuleList([Modulation(conditions, width) for width in widths] if conditions else [])


def turned(maps: Tensor, conditions: Tensor | None, turns: nn.ModuleList) -> Tensor:
    """The maps modulated by each of `turns`; as they are where there are none."""
    for turn in turns:
        maps = turn(maps, conditions)
    return maps


def scores_of(outputs: Tensor) -> Tensor:
    """What a discriminator's last layer answers, [N, outputs]; with one output, scores [N]."""
    return outputs.squeeze(1) if outputs.shape[1] == 1 else outputs
