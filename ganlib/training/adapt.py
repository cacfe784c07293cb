"""A trained generator taken to a new style by a few pictures: the game goes on from published networks.

Three things keep a game on a hundred pictures from ending in copies of them: D sees nothing but augmented pictures (Zhao et al.
2020), its first layers, which know what pictures are made of, stay as they are (FreezeD, Mo et al. 2020), and it is short.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganlib.conditions.sentences import FILE as SENTENCES
from ganlib.errors import AtelierError
from ganlib.files import digest_bytes, digest_file, new_folder, write_bytes, write_text
from ganlib.knobs import Natural, PositiveFloat, Share
from ganlib.methods.base import Setting
from ganlib.methods.conditional import Conditional
from ganlib.methods.gan import Game, Gan
from ganlib.pictures.augment import Augment
from ganlib.pictures.decode import Pixels
from ganlib.sampling.card import NAME, Facts, card
from ganlib.sampling.model import TOGETHER, build_method, load_model, load_network, read_card, write_model
from ganlib.training import loop
from ganlib.training.config import Course, TrainConfig
from ganlib.training.device import Machine, prepare
from ganlib.training.publish import Trained, code_digest, machine_for, write_histories
from ganlib.training.run_folder import folder_for, locked

_WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


@dataclass(frozen=True)
class AdaptConfig(Course):
    """Section `adapt` of `params.yaml`: a training that goes on from a published model, on a few pictures.

    frozen: layers of D, those next to the picture, that do not learn. augment: what D sees of pictures. The rest of the game is
    as it was. number: pictures drawn to measure what came of it; least_diversity: of what the new pictures' is, the share below
    which a warning is given.
    """

    seed: Natural = 0
    frozen: Natural = 2
    augment: Augment = field(default_factory=Augment)
    lr_generator: PositiveFloat = 2e-4
    lr_discriminator: PositiveFloat = 2e-4
    number: Natural = 500
    least_diversity: Share = 0.5


def adapt(start: Path, pictures: Pixels, config: AdaptConfig, out: Path, runs: Path) -> Trained:
    """Go on from the model in `start` on uint8 pictures [N, size, size, C]; publish what comes of it to the folder `out`.

    A run that was broken off goes on where it was. Of a model with conditions it can be asked for the same as before: D goes on
    telling what generated pictures were to be. Raises `AtelierError` for a model that has no discriminator of pictures.
    """
    method = _method(start, config)
    digest = digest_bytes(str(pictures.shape).encode(), pictures.tobytes())
    identity = {
        "adapt": asdict(config),
        "model": [digest_file(path) for path in _weights(start)],
        "pictures": digest,
        "code": code_digest(),
    }
    folder = folder_for(runs, identity)
    train = _course(config, method)
    with locked(folder):
        machine = machine_for(train, folder, identity)
        prepare(machine)
        torch.manual_seed(config.seed)
        learner = learner_from(start, method, machine, len(pictures), config.frozen)
        print(f"Adapts for {config.kimg:g} kimg {machine.describe()}; checkpoints in {folder}.")
        outcome = loop.train(learner, pictures, train, machine, folder)
        if outcome.stopped_by is None:
            _publish(learner, start, pictures, outcome.images, method, folder, out, digest)
    return Trained(outcome.images, folder, machine, outcome.stopped_by)


def learner_from(start: Path, method: Gan, machine: Machine, pictures: int, frozen: int) -> Game:
    """The game as it stood when the model in `start` was published, with new optimisers; D's first layers held."""
    model = load_model(start)
    where = (machine.torch_device, machine.dtype, machine.fast)
    learner = method.learner(Setting(model.size, model.channels, pictures, *where, conditions=model.conditions))
    for network in (learner.g, learner.average.module):
        network.load_state_dict(model.generator.state_dict())
    load_network(start, "discriminator", learner.d).train()
    layers = [layer for layer in learner.d.modules() if isinstance(layer, _WEIGHTED)]
    if frozen >= len(layers):
        raise AtelierError(
            f"adapt.frozen: expected fewer layers than D has, {len(layers)}, found {frozen}; nothing was started. Lower it."
        )
    for layer in layers[:frozen]:
        layer.requires_grad_(False)
    return learner


def _method(start: Path, config: AdaptConfig) -> Gan:
    """The game that made the model, with what is other now; where it can be asked for things, as if it had found them itself."""
    method = build_method(read_card(start)["method"])
    if not isinstance(method, Gan) or method.discriminator != "scores":
        raise AtelierError(
            f"{start}: expected a model that was trained by method gan or conditional, whose D judges pictures, found "
            f"{method.name}; nothing was started. Name another one."
        )
    knobs: dict[str, Any] = {
        "augment": config.augment,
        "lr_generator": config.lr_generator,
        "lr_discriminator": config.lr_discriminator,
    }
    if isinstance(method, Conditional):
        knobs |= {"signal": "infogan", "conditions": (), "drop": 0.0}
        if not (method.classes or method.numbers):
            knobs["classes"] = (2,)  # some are demanded, though the factors are those that the model knows
    try:
        return replace(method, **knobs)
    except ValueError as error:
        raise AtelierError(
            f"params.yaml: adapt {error} (the model in {start} was trained by such); nothing was started. Change it there."
        ) from None


def _course(config: AdaptConfig, method: Gan) -> TrainConfig:
    shared = {one.name: getattr(config, one.name) for one in fields(Course)}
    return TrainConfig(method=method, seed=config.seed, **shared)


def _weights(start: Path) -> list[Path]:
    """The files that it begins with. Raises `AtelierError` where one is missing."""
    load_model(start)
    found = [start / f"{name}.safetensors" for name in ("generator", "discriminator")]
    for path in found:
        if not path.exists():
            raise AtelierError(f"{path}: expected the model's discriminator, found none; nothing was started. Train it again.")
    return found


def _publish(
    learner: Game, start: Path, pictures: Pixels, images: int, method: Gan, folder: Path, out: Path, digest: str
) -> None:
    before = read_card(start)
    known: Mapping[str, Any] = {
        **{name: before[name] for name in ("size", "channels", "latent")},
        "dataset": digest,
        "kimg": images / 1000,
        "adapted": {"from": digest_file(start / "generator.safetensors"), "kimg": before["kimg"], "pictures": len(pictures)},
        **{name: before[name] for name in ("conditions", "sentences", "withheld") if name in before},
    }
    seen = {"digest": digest, "train": len(pictures), "heldout": 0, "size": before["size"], "channels": before["channels"]}
    with new_folder(out, "model.json") as partial:
        write_model(partial, learner.published(), method, known)
        for name in (TOGETHER, SENTENCES):  # without the first a seed's pictures would be asked to be others
            if (start / name).exists():
                write_bytes(partial / name, (start / name).read_bytes())
        write_text(partial / NAME, card(Facts(read_card(partial), seen, licences=[""])))
        write_histories(folder, partial)
