"""The generator and the discriminator glued into one network: a hidden layer of it is a picture."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganlib.lecture.canvas import MADE, QUIET, REAL, canvas, ruled
from ganlib.lecture.lessons import event_one, event_two
from ganlib.methods.base import Batch
from ganlib.methods.gan import Game
from ganlib.sampling.draw import to_uint8
from ganlib.training.batches import Pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Layer:
    """half: "generator" or "discriminator". shape: of what comes out, without the batch.

    learnt_one, learnt_two: by how much the event changes the layer's weights, the norm of the change over theirs.
    """

    half: str
    shape: tuple[int, ...]
    learnt_one: float
    learnt_two: float

    @property
    def values(self) -> int:
        """How many numbers come out."""
        return int(np.prod(self.shape))


@dataclass(frozen=True)
class Glued:
    """layers: from the code's side to the score. codes: how long a code is.

    hidden: the picture that is the hidden layer, uint8 [H, W, C]. slope: ∂score / ∂hidden, float32 [H, W, C]. scores: of the
    picture as it is, and of the picture a step up the slope, whose norm is the share `step` of the picture's.
    """

    codes: int
    layers: tuple[Layer, ...]
    hidden: Pictures
    slope: NDArray[np.float32]
    scores: tuple[float, float]
    step: float

    def moved(self, half: str, event: int) -> float:
        """The greatest relative change that event 1 or 2 makes in a half's layers."""
        own = [layer for layer in self.layers if layer.half == half]
        return max(layer.learnt_one if event == 1 else layer.learnt_two for layer in own)


def glue(generator: nn.Module, discriminator: nn.Module) -> nn.Sequential:
    """One network, from codes [N, latent] to scores [N]."""
    return nn.Sequential(generator, discriminator)


def glued(game: Game, batches: Iterator[Batch], codes: Tensor, step: float = 0.05) -> Glued:
    """Look into the network that the game's G and D make together, as they stand; then let them play one event of each kind.

    codes [N, latent]: the first one's picture is shown. step: the norm of the step up the slope, as a share of the picture's.
    """
    whole = glue(game.g, game.d).eval()
    shapes = _shapes(whole, codes)
    hidden = game.g(codes).detach().requires_grad_(True)
    score = game.d(hidden)
    (slope,) = torch.autograd.grad(score.sum(), hidden)
    with torch.no_grad():
        higher = game.d(
            hidden + step * slope * (hidden.flatten(1).norm(dim=1) / slope.flatten(1).norm(dim=1))[:, None, None, None]
        )
    whole.train()
    learnt = [_learnt(whole, event, game, batch) for event, batch in zip((event_one, event_two), islice(batches, 2), strict=True)]
    layers = [
        Layer("generator" if name.startswith("0.") else "discriminator", shape, learnt[0][name], learnt[1][name])
        for name, shape in shapes.items()
    ]
    return Glued(
        codes.shape[1],
        tuple(layers),
        to_uint8(hidden.detach())[0],
        slope[0].permute(1, 2, 0).numpy(),
        (float(score[0].detach()), float(higher[0])),
        step,
    )


def _shapes(whole: nn.Module, codes: Tensor) -> dict[str, tuple[int, ...]]:
    """What comes out of each layer that multiplies by weights, by its name, in the order in which they work."""
    shapes: dict[str, tuple[int, ...]] = {}
    hooks = []
    for name, module in whole.named_modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, Tensor) and weight.dim() > 1:

            def note(_: nn.Module, __: object, output: Tensor, name: str = name) -> None:
                shapes[name] = tuple(output.shape[1:])

            hooks.append(module.register_forward_hook(note))
    with torch.no_grad():
        whole(codes)
    for hook in hooks:
        hook.remove()
    return shapes


def _learnt(whole: nn.Module, event: Callable[[Game, Batch], None], game: Game, batch: Batch) -> dict[str, float]:
    """The relative change of every layer's weights by one event, by the layer's name."""
    before = {name: weights.detach().clone() for name, weights in whole.named_parameters()}
    event(game, batch)
    return {
        name.removesuffix(".weight"): float((weights.detach() - before[name]).norm() / before[name].norm())
        for name, weights in whole.named_parameters()
        if name.endswith(".weight")
    }


def draw_glued(found: Glued) -> "Figure":
    """The chain of layers with the picture in it, what either event changes in each, and the slope of the score."""
    figure = canvas(11.5, 5.6)
    layout = figure.add_gridspec(2, 2, width_ratios=[3.4, 1], height_ratios=[1.25, 1])
    _draw_chain(figure.add_subplot(layout[0, 0]), found)
    _draw_learning(ruled(figure.add_subplot(layout[1, 0])), found.layers)
    for row, picture, title in (
        (0, found.hidden, "the hidden layer"),
        (1, _as_picture(found.slope), "∂ score / ∂ hidden layer\n(grey: no matter)"),
    ):
        axes = figure.add_subplot(layout[row, 1])
        axes.imshow(picture if picture.shape[-1] == 3 else picture[..., 0], cmap="gray", interpolation="nearest")
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
    return figure


def _as_picture(slope: NDArray[np.float32]) -> NDArray[np.float32]:
    picture: NDArray[np.float32] = 0.5 + slope / (2 * np.abs(slope).max())
    return picture


def _draw_chain(axes: "Axes", found: Glued) -> None:
    """A bar a layer, as high as the logarithm of how many numbers come out of it."""
    values = [found.codes, *(layer.values for layer in found.layers)]
    labels = [f"{found.codes}", *("×".join(map(str, layer.shape)) or "1" for layer in found.layers)]
    colours = [QUIET, *(_colour(layer) for layer in found.layers)]
    bars = axes.bar(range(len(values)), np.log2(values) + 1, color=colours, alpha=0.75, width=0.6)
    axes.bar_label(bars, labels, padding=3, fontsize=9)
    last = sum(layer.half == "generator" for layer in found.layers)
    inset = axes.inset_axes((last - 0.45, 0.1, 0.9, np.log2(max(values)) - 0.5), transform=axes.transData)
    inset.imshow(found.hidden if found.hidden.shape[-1] == 3 else found.hidden[..., 0], cmap="gray", interpolation="nearest")
    inset.set_axis_off()
    names = ["code", *(_name(layer, index, found.layers) for index, layer in enumerate(found.layers))]
    axes.set_xticks(range(len(values)), names)
    axes.set(xlim=(-0.6, len(values) - 0.4), ylim=(0, np.log2(max(values)) + 3), yticks=[])
    axes.set_title("what comes out of each layer; bars grow with the logarithm of how many numbers it is", fontsize=10)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw_learning(axes: "Axes", layers: Sequence[Layer]) -> None:
    places = np.arange(1, len(layers) + 1)
    axes.bar(places - 0.18, [layer.learnt_one for layer in layers], 0.36, color=REAL, label="event one")
    axes.bar(places + 0.18, [layer.learnt_two for layer in layers], 0.36, color=MADE, label="event two")
    axes.set(xlim=(-0.6, len(layers) + 0.6), ylabel="relative change of weights")
    axes.set_xticks(places, [_name(layer, index, layers) for index, layer in enumerate(layers)])
    axes.set_title("which half learns: event one changes D alone, event two G alone", fontsize=10)
    axes.legend(loc="upper left")


def _colour(layer: Layer) -> str:
    return MADE if layer.half == "generator" else REAL


def _name(layer: Layer, index: int, layers: Sequence[Layer]) -> str:
    own = [place for place, other in enumerate(layers) if other.half == layer.half]
    return f"{'G' if layer.half == 'generator' else 'D'}{own.index(index) + 1}"
