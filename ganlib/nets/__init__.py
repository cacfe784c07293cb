"""Networks: families of generator, discriminator and encoder, one file each, one line here."""

from typing import Any

from ganlib.nets.dcgan import Dcgan
from ganlib.nets.infogan import Infogan
from ganlib.nets.mlp import Mlp
from ganlib.nets.r3gan import R3gan
from ganlib.nets.resnet import Resnet

NETWORKS: dict[str, type[Any]] = {
    "mlp": Mlp,
    "dcgan": Dcgan,
    "infogan": Infogan,
    "resnet": Resnet,
    "r3gan": R3gan,
}
