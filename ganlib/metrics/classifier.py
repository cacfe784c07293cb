"""A small network that learns labels of the data set from its pictures: what is drawn of which class, and features of its own.

Its weights lie in one safetensors file that says what they are of; the same data set, labels and seed give the same bits.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganlib.conditions import attribute
from ganlib.conditions import untold as untold_of
from ganlib.conditions.attribute import Value
from ganlib.conditions.conditions import Conditions, of_labels
from ganlib.conditions.untold import untold
from ganlib.errors import AtelierError
from ganlib.files import digest_bytes, digest_file, write_bytes
from ganlib.metrics import resize
from ganlib.metrics.parallel import parallel, single
from ganlib.metrics.resize import antialiased
from ganlib.progress import Progress
from ganlib.training import adam
from ganlib.training.adam import FusedAdam

Pictures = NDArray[np.uint8]
#: Values of labels by name, one for each picture; None where it lacks the label, which is a class of its own.
Columns = Mapping[str, Sequence[Value | None]]

#: At most: pictures shown, how often each on average. Batch, widths of the layers; the side of what it sees, at most.
SHOWN, PASSES, BATCH, WIDTHS, LARGEST = 60_000, 200, 64, (32, 64, 128, 128), 64
RATE = 2e-3
META = "classifier"


class Network(nn.Module):
    """Levels [B, 3, side, side] in [-1, 1] to features [B, 128]; `head` takes them to scores of classes, and numbers."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels, width in zip((3, *WIDTHS), WIDTHS, strict=False):
            layers += [nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(WIDTHS[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.body(x)
        return features.mean(dim=(2, 3))


@dataclass(frozen=True)
class Classifier:
    """network: in evaluation mode. conditions: what it tells. size: the side of what it sees. digest: sha256 of its file."""

    network: Network
    conditions: Conditions
    size: int
    digest: str

    def predict(self, pictures: Pictures) -> dict[str, NDArray[np.float64]]:
        """Of each of uint8 [N, H, W, C], by attribute: the most likely class, as its place among the values, or the number."""
        blocks = [pictures[start : start + 256] for start in range(0, len(pictures), 256)]
        answers = torch.cat([torch.zeros(0, self.conditions.width), *parallel(self._answers, blocks)]).double().numpy()
        places = zip(self.conditions.attributes, self.conditions.slices(), strict=True)
        return {
            attribute.name: answers[:, place].argmax(axis=1).astype(float)
            if attribute.values
            else attribute.untold(answers[:, place.start])
            for attribute, place in places
        }

    @torch.inference_mode()
    def _answers(self, pictures: Pictures) -> Tensor:
        answers: Tensor = self.network.head(self.network(seen(pictures, self.size)))
        return answers


def seen(pictures: Pictures, size: int) -> Tensor:
    """What the network sees of uint8 [N, H, W, C]: three colours at `size` pixels, rounded to 256 levels, in [-1, 1]."""
    x = antialiased(torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float(), size)
    return (x.round().clamp(0, 255) / 127.5 - 1).expand(-1, 3, -1, -1)


def classifier_for(pictures: Pictures, columns: Columns, folder: Path, seed: int = 0) -> Classifier:
    """The classifier of labels that learns from uint8 [N, H, W, C] and their values.

    It is read from `folder` when it was trained there before on the same pictures. Raises `AtelierError` for labels that have
    nothing to choose between.
    """
    conditions = of_labels(columns, "evaluate.label")
    told = conditions.table(columns)
    identity = [conditions.plain(), seed, pictures.shape, _code(), torch.__version__]
    key = digest_bytes(json.dumps(identity).encode(), told.tobytes(), np.ascontiguousarray(pictures).data)
    path = folder / f"classifier-{key}.safetensors"
    if not path.exists():
        network = single(lambda: _train(pictures, torch.from_numpy(told), conditions, seed))
        _write(path, network, conditions, min(LARGEST, pictures.shape[1]))
    return read_classifier(path)


def read_classifier(path: Path) -> Classifier:
    """The classifier in a file that `classifier_for` wrote. Raises `AtelierError` where it is missing, damaged or none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {})[META])
            conditions = Conditions.from_plain(about["conditions"])
            network = Network(conditions.width)
            network.load_state_dict({name: file.get_tensor(name) for name in file.keys()}, strict=True)  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise AtelierError(
            f"{path}: expected a classifier that was trained by evaluating with a label, found none ({type(error).__name__}). "
            "Remove the file, and it is trained again."
        ) from None
    return Classifier(network.eval(), conditions, about["size"], digest_file(path))


def _train(pictures: Pictures, told: Tensor, conditions: Conditions, seed: int) -> Network:
    """Cross-entropy and squared errors by Adam, its rate falling to nothing on half a cosine; random numbers of its own."""
    size, dice = min(LARGEST, pictures.shape[1]), torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(conditions.width).train()
    optimiser = FusedAdam(network.named_parameters(), RATE, (0.9, 0.999))
    steps = min(SHOWN, PASSES * len(pictures)) // BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    with Progress("evaluate", steps, "lessons of the classifier") as progress:
        for _ in range(steps):
            chosen = torch.randint(len(pictures), (BATCH,), generator=dice)
            answers = network.head(network(seen(pictures[chosen.numpy()], size)))
            loss = untold(answers, told[chosen], conditions)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            progress.advance(1)
    return network.eval()


def _code() -> list[str]:
    """Of what decides the weights."""
    return [digest_file(Path(str(module.__file__))) for module in (sys.modules[__name__], resize, attribute, untold_of, adam)]


def _write(path: Path, network: Network, conditions: Conditions, size: int) -> None:
    from safetensors.torch import save

    about = json.dumps({"conditions": conditions.plain(), "size": size})
    write_bytes(path, save({name: value.contiguous() for name, value in network.state_dict().items()}, {META: about}))
