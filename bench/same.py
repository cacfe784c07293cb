"""Whether a peer's network and ours are the same function: outputs and gradients, in float64, from the same weights."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.claim import expect_close

#: Of relative differences in float64; the nets err by some 1e-15 a layer.
LIMIT = 1e-12


@dataclass(frozen=True)
class Twins:
    """A peer's network and ours. Parameters answer to each other in order, but for those that only one of them has, which are
    named by the end of their names: biases that a norm takes away again, or that a sum has twice."""

    peer: nn.Module
    ours: nn.Module
    peer_only: tuple[str, ...] = ()
    ours_only: tuple[str, ...] = ()

    def pairs(self) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """The parameters that answer to each other."""
        peer, ours = _but(self.peer, self.peer_only), _but(self.ours, self.ours_only)
        return list(zip(peer, ours, strict=True))

    @torch.no_grad()
    def equalise(self) -> None:
        """Give the peer our weights and our estimates of singular vectors, and both 0 for what only one of them has."""
        for module, names in ((self.peer, self.peer_only), (self.ours, self.ours_only)):
            for name, parameter in module.named_parameters():
                if names and name.endswith(names):
                    parameter.zero_()
        for theirs, mine in self.pairs():
            theirs.copy_(_as(mine, theirs))
        _settle(self.ours)
        for vector, same in zip(_vectors(self.peer), _vectors(self.ours), strict=True):
            vector.copy_(same)

    def check_step(self, what: str, limit: float) -> None:
        """Raise `NotTheSame` unless what is left of the gradients after a step of either agrees so far."""
        theirs = torch.cat([_slope(peer).flatten() for peer, _ in self.pairs()])
        mine = torch.cat([_as(_slope(ours), peer).flatten() for peer, ours in self.pairs()])
        expect_close(f"{what}, gradients after a step", _off(theirs, mine), limit)

    def double(self) -> "Twins":
        """Copies in float64."""
        return Twins(copy.deepcopy(self.peer).double(), copy.deepcopy(self.ours).double(), self.peer_only, self.ours_only)

    def check(self, what: str, call_peer: Callable[[nn.Module], Tensor], call_ours: Callable[[nn.Module], Tensor]) -> None:
        """Raise `NotTheSame` unless outputs and the gradients of a random mix of them agree in float64."""
        twins = self.double()
        theirs, mine = call_peer(twins.peer), call_ours(twins.ours)
        theirs = theirs.view(mine.shape)
        expect_close(f"{what}, outputs", _off(theirs, mine), LIMIT)
        mix = torch.randn(mine.shape, dtype=torch.float64).to(mine.device)
        torch.autograd.backward([(theirs * mix).sum(), (mine * mix).sum()])
        for peer, ours in twins.pairs():
            expect_close(f"{what}, gradients", _off(_slope(peer), _as(_slope(ours), peer)), LIMIT)


def _slope(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _but(module: nn.Module, ends: tuple[str, ...]) -> list[nn.Parameter]:
    return [parameter for name, parameter in module.named_parameters() if not (ends and name.endswith(ends))]


def _settle(module: nn.Module) -> None:
    """Set spectral norm's estimates to the singular vectors themselves, where a turn of the power method leaves them, whichever
    end it starts from: peers start from the other one."""
    for layer in module.modules():
        if parametrizations := getattr(layer, "parametrizations", None):
            norm, weight = parametrizations.weight[0], parametrizations.weight.original.flatten(1).double()
            left = torch.linalg.eigh(weight @ weight.T).eigenvectors[:, -1]
            right = weight.T @ left
            norm._u.copy_(left)
            norm._v.copy_(right / right.norm())


def _vectors(module: nn.Module) -> list[Tensor]:
    """The estimates of spectral norm, old style and new."""
    return [buffer for name, buffer in module.named_buffers() if name.endswith(("_u", "_v"))]


def _as(mine: Tensor, theirs: Tensor) -> Tensor:
    """Our tensor in the peer's shape: a linear layer to or from a 4 × 4 map is a convolution of it."""
    if theirs.dim() == 4 and mine.dim() == 2 and theirs.shape[0] == mine.shape[1]:
        return mine.T.reshape(theirs.shape)  # transposed: [in, out, 4, 4]
    return mine.reshape(theirs.shape)


def _off(theirs: Tensor, mine: Tensor) -> float:
    return float(((theirs - mine).norm() / theirs.norm()).detach())
