"""What came of taking a generator to a new style: nearer to it, still varied, and no copies of the few pictures."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.diversity import diversity
from ganlib.metrics.extractors import load_extractor
from ganlib.metrics.features import Pictures, extract
from ganlib.metrics.fingerprint import six
from ganlib.metrics.inputs import coloured
from ganlib.metrics.kernel import kernel_distance
from ganlib.metrics.measure import Measurement
from ganlib.metrics.memorisation import memorisation
from ganlib.metrics.moments import Features

#: A p-value below which copies are no chance.
CHANCE = 0.01
#: Shapes and colours alone, as from across the room; features of a network see grain before anything else.
COARSE = EvaluateConfig(extractor="pixels", size=8)


def measure(before: Pictures, after: Pictures, style: Pictures, config: EvaluateConfig) -> dict[str, Any]:
    """Of pictures that the generator drew before and after, and the few of the new style (20 at least), all uint8 [N, H, W, C].

    distances: to the style, before and after, seen by `config`'s extractor and as coarse pixels; kernel distances, which do not
    depend on how many pictures there are (`ganlib.metrics.kernel`). diversity: how varied what it draws is, as a share of how
    the style is. copied: the share of copies, beyond those among the pictures of the style themselves. Each with its error.
    """
    sets = [coloured(pictures) for pictures in (before, after, style)]
    fine, coarse = (_seen(sets, view) for view in (config, COARSE))
    copies = memorisation(sets[1], sets[2], sets[2], heldout_rows=np.arange(len(sets[2]))).measurement()
    return {
        "distances": {config.extractor: _distances(*fine), "coarse": _distances(*coarse)},
        "diversity": _plain(diversity(fine[1], fine[2])),
        "copied": _plain(copies),
        "n": len(after),
        "style": len(style),
    }


def warnings(found: Mapping[str, Any], least_diversity: float) -> list[str]:
    """What a person must know of it, a sentence each."""
    said = []
    nearer = {name: each["after"]["value"] < each["before"]["value"] for name, each in found["distances"].items()}
    if not any(nearer.values()):
        said.append("It came no nearer to the new style. Raise adapt.kimg or the learning rates.")
    elif not all(nearer.values()):
        grain = "its shapes and colours came nearer to the new style, its fine details, such as grain, did not"
        shape = "its fine details came nearer to the new style, its shapes and colours did not"
        said.append(f"Look at its pictures: {grain if nearer['coarse'] else shape}. Raise adapt.kimg.")
    if found["diversity"]["value"] < least_diversity:
        said.append(
            f"Its pictures are less varied than they should be: {found['diversity']['value']:.2f} of the new ones' "
            f"(adapt.least_diversity {least_diversity:g}). Lower adapt.kimg, or give more pictures."
        )
    if found["copied"]["value"] > 0 and found["copied"]["p_value"] < CHANCE:
        said.append(
            f"It copies: {found['copied']['value']:.1%} of its pictures are nearer to one of the few than these to each other. "
            "Lower adapt.kimg, raise adapt.augment.strength, or give more pictures."
        )
    return said


def _seen(sets: list[Pictures], config: EvaluateConfig) -> list[Features]:
    extractor = load_extractor(config)
    kinds = ("old", "new", "few")
    return [extract(pictures, extractor, kind, "adapt") for kind, pictures in zip(kinds, sets, strict=True)]


def _distances(before: Features, after: Features, style: Features) -> dict[str, dict[str, float]]:
    return {"before": _plain(kernel_distance(before, style)), "after": _plain(kernel_distance(after, style))}


def _plain(found: Measurement) -> dict[str, float]:
    p = {} if found.p is None else {"p_value": six(found.p)}
    return {"value": six(found.value), "standard_error": six(found.error), **p}
