"""A small network that learns a label of the data set from its pictures: what is drawn of which class, and features of its own.

Its weights lie in one safetensors file that says what they are of; the same data set, label and seed give the same bits.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ganlib.errors import AtelierError
from ganlib.files import digest_bytes, digest_file
from ganlib.metrics.parallel import parallel, single
from ganlib.metrics.resize import antialiased
from ganlib.progress import Progress

Pictures = NDArray[np.uint8]

#: Pictures shown, batch, widths of the layers; the side of the pictures that it sees, at most.
SHOWN, BATCH, WIDTHS, LARGEST = 60_000, 64, (32, 64, 128, 128), 64
RATE = 2e-3
#: A class of fewer pictures to learn from is left out, and so is a label with more classes than can be learnt.
FEWEST, MOST_CLASSES = 20, 1000
META = "classifier"


class Network(nn.Module):
    """Levels [B, 3, side, side] in [-1, 1] to features [B, 128]; `head` takes them to the scores of the classes."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels, width in zip((3, *WIDTHS), WIDTHS, strict=False):
            layers += [nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(WIDTHS[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.body(x)
        return features.mean(dim=(2, 3))


@dataclass(frozen=True)
class Classifier:
    """network: in evaluation mode. label: what it tells. classes: the values, in the order of its scores. size: the side of
    what it sees. digest: sha256 of its file."""

    network: Network
    label: str
    classes: tuple[str, ...]
    size: int
    digest: str

    def predict(self, pictures: Pictures) -> NDArray[np.int64]:
        """The most likely class of each of uint8 [N, H, W, C], as its place in `classes`."""
        blocks = [pictures[start : start + 256] for start in range(0, len(pictures), 256)]
        return np.concatenate([np.zeros(0, np.int64), *parallel(self._predict, blocks)])

    @torch.inference_mode()
    def _predict(self, pictures: Pictures) -> NDArray[np.int64]:
        scores = self.network.head(self.network(seen(pictures, self.size)))
        return np.asarray(scores.argmax(dim=1).numpy())


def seen(pictures: Pictures, size: int) -> Tensor:
    """What the network sees of uint8 [N, H, W, C]: three colours at `size` pixels, rounded to 256 levels, in [-1, 1]."""
    x = antialiased(torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float(), size)
    return (x.round().clamp(0, 255) / 127.5 - 1).expand(-1, 3, -1, -1)


def classifier_for(pictures: Pictures, values: Sequence[str | None], label: str, folder: Path, seed: int = 0) -> Classifier:
    """The classifier of `label` that learns from uint8 [N, H, W, C] and their values (None: unknown, not used).

    It is read from `folder` when it was trained there before on the same pictures. Raises `AtelierError` where fewer than two
    classes have enough pictures.
    """
    classes = classes_of(values, label)
    identity = [label, *classes, *(value or "" for value in values), str(seed), str(pictures.shape), _code(), torch.__version__]
    key = digest_bytes(json.dumps(identity).encode(), np.ascontiguousarray(pictures).data)
    path = folder / f"classifier-{key}.safetensors"
    if not path.exists():
        network = single(lambda: _train(pictures, values, classes, seed))
        _write(path, network, label, classes, min(LARGEST, pictures.shape[1]))
    return read_classifier(path)


def classes_of(values: Sequence[str | None], label: str) -> tuple[str, ...]:
    """The values that enough pictures have, sorted. Raises `AtelierError` where there are not two, or too many."""
    names, counts = np.unique([value for value in values if value is not None], return_counts=True)
    classes = tuple(str(name) for name, count in zip(names, counts, strict=True) if count >= FEWEST)
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise AtelierError(
            f"evaluate.label {label}: expected 2 to {MOST_CLASSES} classes with {FEWEST} pictures or more to learn from, found "
            f"{len(classes)} among {len(names)} values. Name another label, or none (null)."
        )
    return classes


def read_classifier(path: Path) -> Classifier:
    """The classifier in a file that `classifier_for` wrote. Raises `AtelierError` where it is missing, damaged or none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {})[META])
            network = Network(len(about["classes"]))
            network.load_state_dict({name: file.get_tensor(name) for name in file.keys()}, strict=True)  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise AtelierError(
            f"{path}: expected a classifier that was trained by evaluating with a label, found none ({type(error).__name__}). "
            "Remove the file, and it is trained again."
        ) from None
    return Classifier(network.eval(), about["label"], tuple(about["classes"]), about["size"], digest_file(path))


def _train(pictures: Pictures, values: Sequence[str | None], classes: tuple[str, ...], seed: int) -> Network:
    """Cross-entropy by Adam, its rate falling to nothing on half a cosine; random numbers of its own."""
    known = [row for row, value in enumerate(values) if value in classes]
    wanted = torch.tensor([classes.index(str(values[row])) for row in known])
    size, dice = min(LARGEST, pictures.shape[1]), torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(len(classes)).train()
    optimiser = torch.optim.Adam(network.parameters(), RATE, fused=True)
    steps = SHOWN // BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    with Progress("evaluate", steps, "lessons of the classifier") as progress:
        for _ in range(steps):
            chosen = torch.randint(len(known), (BATCH,), generator=dice)
            x = seen(pictures[[known[place] for place in chosen.tolist()]], size)
            loss = functional.cross_entropy(network.head(network(x)), wanted[chosen])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            progress.advance(1)
    return network.eval()


def _write(path: Path, network: Network, label: str, classes: tuple[str, ...], size: int) -> None:
    from safetensors.torch import save

    from ganlib.files import write_bytes

    about = json.dumps({"label": label, "classes": classes, "size": size})
    write_bytes(path, save({name: value.contiguous() for name, value in network.state_dict().items()}, {META: about}))


def _code() -> str:
    return digest_file(Path(__file__))
