"""The trained networks that the lecture looks into: one model of every way to generate, as trials of a comparison left them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from torch import Tensor, nn

from ganlib.errors import AtelierError
from ganlib.lecture.averages import Encode
from ganlib.lecture.lessons import setting
from ganlib.methods.autoencoder import Autoencoder
from ganlib.methods.gan import Game, Gan
from ganlib.methods.langevin import Sampler
from ganlib.methods.priors import FittedCodes
from ganlib.methods.vae import Vae
from ganlib.pictures.store import Store
from ganlib.sampling.model import Model, build_method, load_model, load_network
from ganlib.training.batches import Pictures

T = TypeVar("T")

#: The methods that the lecture needs a model of.
ROLES = ("gan", "glo", "autoencoder", "vae", "energy")


@dataclass(frozen=True)
class Cast:
    """models: by method. judge: the GAN's discriminator, pictures to scores. encode, decoder: of the auto-encoder and the VAE, by
    method. sheets: what the carver drew as it learnt."""

    models: Mapping[str, Model]
    judge: nn.Module
    encode: Mapping[str, Encode]
    decoder: Mapping[str, nn.Module]
    sheets: tuple[Path, ...]

    @property
    def carver(self) -> Sampler:
        """The discriminator alone, drawing."""
        found = self.models["energy"].generator
        assert isinstance(found, Sampler)  # noqa: S101  what the method energy publishes
        return found

    def game(self, pictures: Pictures, seed: int) -> Game:
        """The GAN's game as it stood at the end, to be played on with these pictures; its optimisers begin anew."""
        model = self.models["gan"]
        knobs = _method(model, Gan)
        game = knobs.learner(setting(pictures, seed))
        game.g.load_state_dict(model.generator.state_dict())
        game.d.load_state_dict(self.judge.state_dict())
        return game


def load_cast(folders: Mapping[str, Path], store: Store) -> Cast:
    """The models in `folders`, by the names in `ROLES`. Raises `AtelierError` where one is missing, damaged, or has learnt from
    other pictures than those of the store."""
    models = {role: load_model(folders[role]) for role in ROLES}
    for role, model in models.items():
        if model.card["dataset"] != store.digest:
            raise AtelierError(
                f"{folders[role]}: expected a model that learnt from the data set {store.digest}, found one that learnt from "
                f"{model.card['dataset']}. Run the comparison again."
            )
    auto, vae = _method(models["autoencoder"], Autoencoder), _method(models["vae"], Vae)
    size, channels = store.size, store.channels
    encoder = load_network(folders["autoencoder"], "encoder", auto.network.encoder(size, channels, auto.network.latent))
    inference = load_network(folders["vae"], "encoder", vae.network.encoder(size, channels, 2 * vae.network.latent))

    def means(pictures: Tensor) -> Tensor:
        codes: Tensor = inference(pictures)[:, : vae.network.latent]
        return codes

    return Cast(
        models,
        load_network(folders["gan"], "discriminator", _method(models["gan"], Gan).judge(size, channels)),
        {"autoencoder": encoder, "vae": means},
        {role: _decoder(models[role].generator) for role in ("autoencoder", "vae")},
        tuple(sorted((folders["energy"] / "samples").glob("*.png"))),
    )


def _decoder(generator: nn.Module) -> nn.Module:
    """What draws from an encoder's codes: the generator without its map from standard normal ones, if it has one."""
    return generator.decoder if isinstance(generator, FittedCodes) else generator


def _method(model: Model, kind: type[T]) -> T:
    found = build_method(model.card["method"])
    assert isinstance(found, kind)  # noqa: S101  what the folder's role promises
    return found
