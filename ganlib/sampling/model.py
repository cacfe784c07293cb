"""Published models: a folder of safetensors and JSON, written and read back. No pickle anywhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from ganlib.conditions import sentences
from ganlib.conditions.attribute import Value
from ganlib.conditions.conditions import Conditions
from ganlib.errors import AtelierError
from ganlib.files import digest_file, write_json
from ganlib.knobs import build
from ganlib.methods import METHODS
from ganlib.methods.base import Method

_CARD, _GENERATOR = "model.json", "generator.safetensors"
#: Of a model with conditions: how attributes go together in what it learned from, columns `label.<name>`, a row a picture.
TOGETHER = "conditions.parquet"


@dataclass(frozen=True)
class Model:
    """A trained generator, which maps codes [N, latent] to pictures [N, C, H, W] in [-1, 1], and its card.

    conditions: what the last numbers of a code ask for; None where it cannot be asked for anything. seen: by attribute the values
    that the pictures had from which it learnt, one each, so that it is known what goes together; None where it is not.
    """

    generator: nn.Module
    latent: int
    size: int
    channels: int
    digest: str
    card: Mapping[str, Any]
    conditions: Conditions | None = None
    seen: Mapping[str, Sequence[Value | None]] | None = None


def write_model(folder: Path, networks: Mapping[str, nn.Module], method: Method, card: Mapping[str, Any]) -> None:
    """Write the networks, each to `<name>.safetensors`, and the card with what is needed to build them again."""
    from safetensors.torch import save_file

    for name, network in networks.items():
        tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in network.state_dict().items()}
        save_file(tensors, folder / f"{name}.safetensors")
    write_json(folder / _CARD, {"method": asdict(method), **card})  # type: ignore[call-overload]


def load_model(folder: Path) -> Model:
    """Read a published model back, on the CPU, ready to draw. Raises `AtelierError` where it is missing or damaged."""
    from safetensors.torch import load_file

    with _whole(folder):
        card = read_card(folder)
        method = build_method(card["method"])
        conditions = Conditions.from_plain(card["conditions"]) if card.get("conditions") else None
        if conditions and card.get("sentences"):
            conditions = replace(conditions, sentences=sentences.read(folder / sentences.FILE)[0])
        generator = made(method, conditions, card["size"], card["channels"])
        generator.load_state_dict(load_file(folder / _GENERATOR), strict=True)
        digest = digest_file(folder / _GENERATOR)
        seen = _seen(folder, conditions)
    return Model(generator.eval(), card["latent"], card["size"], card["channels"], digest, card, conditions, seen)


def _seen(folder: Path, conditions: Conditions | None) -> dict[str, list[Value | None]] | None:
    """What was asked for together in training, from the table beside the model."""
    if conditions is None or not (folder / TOGETHER).exists():
        return None
    import pandas as pd

    from ganlib.conditions.labels import columns_of

    return columns_of(pd.read_parquet(folder / TOGETHER), conditions.names)


def made(method: Method, conditions: Conditions | None, size: int, channels: int) -> nn.Module:
    """A new generator, of what the method can be asked for."""
    if conditions is None:
        return method.generator(size, channels)
    generator: nn.Module = method.given(conditions, size, channels)  # type: ignore[attr-defined]
    return generator


def read_card(folder: Path) -> dict[str, Any]:
    """What `model.json` says of a published model."""
    found: dict[str, Any] = json.loads((folder / _CARD).read_text(encoding="utf-8"))
    return found


def load_network(folder: Path, name: str, network: nn.Module) -> nn.Module:
    """`network` with the weights that the model in `folder` published under `name` ("discriminator", "encoder"), on the CPU,
    ready to be asked. Raises `AtelierError` where they are missing or damaged."""
    from safetensors.torch import load_file

    with _whole(folder):
        network.load_state_dict(load_file(folder / f"{name}.safetensors"), strict=True)
    return network.eval()


@contextmanager
def _whole(folder: Path) -> Iterator[None]:
    """Say what it means that a model's file is not there or cannot be read."""
    from safetensors import SafetensorError

    try:
        yield
    except FileNotFoundError as error:
        raise AtelierError(f"{error.filename}: expected a trained model here, found none. Run the step train first.") from None
    except (ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise AtelierError(
            f"{folder}: expected a whole model, found a damaged one ({error}). Run `dvc checkout {folder}`, or train again."
        ) from None


def build_method(knobs: Mapping[str, Any]) -> Method:
    """A method with its network from plain values, as `model.json` keeps them, without pydantic."""
    method: Method = build(METHODS[knobs["name"]], knobs)
    return method
