"""Ways of learning to generate: one file each, one line here."""

from typing import Any

from ganlib.methods.autoencoder import Autoencoder
from ganlib.methods.conditional import Conditional
from ganlib.methods.energy import Energy
from ganlib.methods.gan import Gan
from ganlib.methods.glo import Glo
from ganlib.methods.vae import Vae

METHODS: dict[str, type[Any]] = {
    "gan": Gan,
    "conditional": Conditional,
    "glo": Glo,
    "autoencoder": Autoencoder,
    "vae": Vae,
    "energy": Energy,
}
