"""OpenVINO in bf16: twice as quick as in float32 for Inception on an AMD EPYC without matrix units.

Features are off by some per cent of their size. What that does to the scores is looked at each time (`ganlib.metrics.rounding`).
"""

from dataclasses import replace

from ganlib.metrics.backends.openvino import compiled, converted
from ganlib.metrics.extractors.base import Extractor


def on_backend(extractor: Extractor) -> Extractor:
    """The extractor with its network run in float32, and beside it in bf16, unless that would be emulated here."""
    openvino, model = converted(extractor)
    backend = f"openvino {openvino.__version__}"
    exact = replace(extractor, network=compiled(openvino, model, "f32"), backend=backend)
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        print("evaluate.backend: this processor has no instructions for bf16; features are computed in float32.")
        return exact
    return replace(exact, rounded=replace(exact, network=compiled(openvino, model, "bf16"), backend=f"{backend}, bf16"))
