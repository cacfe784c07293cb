"""Every way of learning to generate, as small as can be: what the tests of all of them go through."""

from collections.abc import Iterator
from typing import Any

from ganlib.knobs import build
from ganlib.methods import METHODS
from ganlib.nets.base import Network
from ganlib.objectives import OBJECTIVES


def every_method(network: Network, **knobs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(name, method) for every method of the registry, and for `gan` with every objective; a new one is there by itself.

    knobs: by method or objective name, what differs from the defaults.
    """
    for name in METHODS:
        if name != "gan":
            yield name, build(METHODS[name], {"network": network, **SUITABLE.get(name, {}), **knobs.get(name, {})})
    for objective, kind in OBJECTIVES.items():
        chosen = {"objective": kind(), "network": network, **SUITABLE.get(objective, {}), **knobs.get(objective, {})}
        yield objective, METHODS["gan"](**chosen)


#: What a method or an objective cannot do without.
SUITABLE: dict[str, dict[str, Any]] = {
    "conditional": {"signal": "infogan"},  # which needs no labels
    "began": {"discriminator": "reconstruction", "penalties": {}},
    "wasserstein": {"penalties": {}, "clip": 0.05},
    "relativistic": {"penalties": {"r1": 0.1, "r2": 0.1}},
}
