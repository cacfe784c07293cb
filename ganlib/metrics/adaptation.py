"""What came of taking a generator to a new style: nearer to it, still varied, and no copies of the few pictures."""

from collections.abc import Mapping
from typing import Any

from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.control import six
from ganlib.metrics.diversity import diversity
from ganlib.metrics.extractors import load_extractor
from ganlib.metrics.features import Pictures, extract
from ganlib.metrics.inputs import coloured
from ganlib.metrics.kernel import kernel_distance
from ganlib.metrics.measure import Measurement
from ganlib.metrics.memorisation import memorisation

#: A p-value below which copies are no chance.
CHANCE = 0.01


def measure(before: Pictures, after: Pictures, style: Pictures, config: EvaluateConfig) -> dict[str, Any]:
    """Of pictures that the generator drew before and after, and the few of the new style (20 at least), all uint8 [N, H, W, C]:

    the kernel distances to the style, which do not depend on how many there are (`ganlib.metrics.kernel`); how varied what it
    draws is, as a share of how the style is; and the share of copies, beyond those among the pictures of the style themselves.
    Each with its error.
    """
    extractor = load_extractor(config)
    kinds = {"old": before, "new": after, "few": style}
    old, new, few = (extract(coloured(pictures), extractor, kind) for kind, pictures in kinds.items())
    copies = memorisation(coloured(after), coloured(style), coloured(style), within=True).measurement()
    return {
        f"kid_{extractor.name}_before": _plain(kernel_distance(old, few)),
        f"kid_{extractor.name}": _plain(kernel_distance(new, few)),
        "diversity": _plain(diversity(new, few)),
        "copied": _plain(copies),
        "n": len(after),
        "style": len(style),
    }


def warnings(found: Mapping[str, Any], least_diversity: float) -> list[str]:
    """What a person must know of it, a sentence each."""
    said = []
    distances = [value for name, value in found.items() if name.startswith("kid_")]
    if distances[1]["value"] >= distances[0]["value"]:
        said.append("It came no nearer to the new style. Raise adapt.kimg or the learning rates.")
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


def _plain(found: Measurement) -> dict[str, float]:
    p = {} if found.p is None else {"p_value": six(found.p)}
    return {"value": six(found.value), "standard_error": six(found.error), **p}
