"""OpenVINO runs the networks of extractors on Intel's and AMD's processors: the same features but for rounding, sooner.

On two cores of an AMD EPYC, one thread: EfficientNet-lite0 at 64 pixels in 0.59 of torch's time, Inception in 0.81, features
equal to 2e-7 of the largest. The network is converted first, which takes seconds; so it is for many pictures.
"""

import sys
import threading
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ganlib.errors import AtelierError
from ganlib.metrics.extractors.base import Extractor


def on_backend(extractor: Extractor) -> Extractor:
    """The extractor with its network run by OpenVINO, in float32; raises `AtelierError` where that is not installed."""
    openvino, model = converted(extractor)
    return replace(extractor, network=compiled(openvino, model, "f32"), backend=f"openvino {openvino.__version__}")


def converted(extractor: Extractor) -> tuple[Any, Any]:
    """OpenVINO itself, and the extractor's network as a model of its; raises `AtelierError` where it is not installed."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # else importing OpenVINO reports that it was
    try:
        import openvino
        from openvino.frontend import FrontEndManager
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
    except ImportError as error:
        raise AtelierError(
            f"evaluate.backend: OpenVINO was asked for, and cannot be imported ({error}); nothing was scored. "
            "Install it: .venv/bin/pip install '.[openvino]', or set it to torch."
        ) from None
    example = torch.zeros(2, 3, extractor.size, extractor.size)
    with torch.no_grad():
        traced = torch.jit.trace(extractor.network.cpu().eval(), example)  # type: ignore[no-untyped-call]
    frontend = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(traced, example_input=example)  # a name, for the front end does not keep it alive
    model = frontend.convert(frontend.load(decoder))
    model.reshape([-1, 3, extractor.size, extractor.size])
    return openvino, model


def compiled(openvino: Any, model: Any, precision: str) -> "Compiled":
    """The model made ready for this processor: f32, or bf16 for its products."""
    threads = torch.get_num_threads()
    settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": threads, "INFERENCE_PRECISION_HINT": precision}
    return Compiled(openvino.Core().compile_model(model, "CPU", settings))


class Compiled(nn.Module):
    """A compiled model in the place of a network: pictures [B, 3, size, size] to features [B, dimension], one thread a batch."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model, self.of_thread = model, threading.local()

    def forward(self, x: Tensor) -> Tensor:
        if not hasattr(self.of_thread, "request"):
            self.of_thread.request = self.model.create_infer_request()
        outputs = self.of_thread.request.infer([x.cpu().contiguous().numpy()])[0]
        return torch.from_numpy(outputs.copy())
