"""What several networks share: how their weights are drawn, and how wide they are where."""

from torch import nn

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
