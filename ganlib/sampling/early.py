"""The first layers of a generator, whatever its network: where a code becomes a picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ganlib.errors import AtelierError
from ganlib.sampling.draw import decode, levels

_WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def reached(generator: nn.Module, latent: int, free: int) -> list[nn.Module]:
    """The layers with weights, as they are computed one after the other, whose input depends on the `free` first numbers of a
    code [latent]; those that are given nothing but conditions are left out."""
    codes = torch.zeros(2, latent)
    codes[1, :free] = 1.0
    found: list[nn.Module] = []
    with _heard(generator, lambda layer, maps: found.append(layer) if not torch.equal(maps[0], maps[1]) else None):
        decode(generator, codes)
    if not found:
        raise AtelierError("Expected a generator of layers with weights that are given its code, found none. Nothing was done.")
    return list(dict.fromkeys(found))


def activations(generator: nn.Module, codes: Tensor, free: int) -> Tensor:
    """What comes out of the first layer and what follows it, [N, D], of codes [N, latent]: the input of the second layer that
    the free numbers reach; the pictures themselves where there is no second."""
    layers = reached(generator, codes.shape[1], free)
    if len(layers) == 1:
        return torch.from_numpy(levels(generator, codes)).flatten(1)
    found: list[Tensor] = []
    with _heard(generator, lambda layer, maps: found.append(maps.flatten(1).cpu()) if layer is layers[1] else None):
        decode(generator, codes)
    return torch.cat(found)[: len(codes)].float()


def weights(layer: nn.Module) -> Tensor:
    """A layer's weights as a matrix [everything else, inputs]."""
    weight: Tensor = layer.weight.detach().cpu()  # type: ignore[operator]
    inputs = 0 if isinstance(layer, nn.ConvTranspose2d) else 1
    return weight.movedim(inputs, -1).flatten(0, -2)


@contextmanager
def _heard(generator: nn.Module, listen: Any) -> Iterator[None]:
    """Call `listen` with every layer that has weights, and with what it is given."""
    layers = [layer for layer in generator.modules() if isinstance(layer, _WEIGHTED)]
    hooks = [layer.register_forward_pre_hook(lambda layer, given: listen(layer, given[0].detach())) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
