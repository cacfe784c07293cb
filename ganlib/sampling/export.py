"""A published generator for programs without ganlib: as ONNX, and as a graph of torch.export. Both take any number of codes.

The same weights give the same bytes, with the same versions of torch and of what writes ONNX. Neither file holds a pickle, or a
path of the machine that wrote it.
"""

import copy
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import ExportedProgram

from ganlib.errors import AtelierError
from ganlib.files import write_bytes
from ganlib.sampling.model import Model

#: The files, and what ONNX calls that which goes in, [N, latent], and what comes out, [N, C, H, W] in [-1, 1]; all float32.
ONNX, GRAPH = "generator.onnx", "generator.pt2"
CODES, PICTURES = "codes", "pictures"

_OPSET = 18
_NOTES = ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node")  # lines and paths of who traced it
_NEEDED = "Install it: pip install '.[export]'."


def export(model: Model, folder: Path) -> None:
    """Write both files to `folder`. Raises `AtelierError` where a package is missing, or the generator cannot be traced."""
    with _quiet():
        program = traced(model.generator, model.latent)
        files = {ONNX: to_onnx(program), GRAPH: to_graph(program)}
    for name, content in files.items():
        write_bytes(folder / name, content)


def traced(generator: nn.Module, latent: int) -> ExportedProgram:
    """The generator in evaluation, on the CPU, as a graph with a free N. The module itself stays as it is."""
    still = copy.deepcopy(generator).eval().requires_grad_(False).to("cpu", torch.float32)
    example = torch.zeros(2, latent)  # two, or N would be taken for 1
    with torch.no_grad():
        still(example)  # what layers keep between calls is to be made of real numbers, not of the tracer's
    try:
        program = torch.export.export(still, (example,), dynamic_shapes=({0: torch.export.Dim("n", min=1)},))
    except Exception as error:  # of many kinds, none of which torch documents
        raise AtelierError(
            f"Expected a generator that can be traced, found one that cannot ({type(error).__name__}); nothing was written. The "
            "method energy has such: it draws by walking down its network's slope. Draw by python -m tasks.sample."
        ) from error
    for node in program.graph.nodes:
        for note in _NOTES:
            node.meta.pop(note, None)
    program.example_inputs = None  # which would be pickled
    return program


def to_graph(program: ExportedProgram) -> bytes:
    """As torch.export keeps it: `torch.export.load(file).module()` maps codes to pictures."""
    stream = io.BytesIO()
    torch.export.save(program, stream)
    return stream.getvalue()


def to_onnx(program: ExportedProgram) -> bytes:
    """As ONNX, which takes `codes` and gives `pictures`. Raises `AtelierError` where what writes it is not installed."""
    try:
        import onnxscript  # noqa: F401  torch needs it
    except ModuleNotFoundError as error:
        raise AtelierError(f"Expected the package {error.name}, found none; nothing was written. {_NEEDED}") from None
    names = {"input_names": [CODES], "output_names": [PICTURES]}
    written: Any = torch.onnx.export(program, dynamo=True, opset_version=_OPSET, verbose=False, **names)  # type: ignore[arg-type]
    for node in written.model.graph:
        node.metadata_props.clear()
    content: bytes = written.model_proto.SerializeToString(deterministic=True)
    return content


def deviations(model: Model, folder: Path, codes: Tensor) -> dict[str, float]:
    """By how much each file's pictures of these codes differ at most from the model's own, in units of [-1, 1].

    Raises `AtelierError` where onnxruntime is not installed.
    """
    with torch.no_grad():
        own = model.generator(codes).numpy()
        graph = torch.export.load(folder / GRAPH).module()(codes).numpy()
    return {ONNX: float(np.abs(_by_onnxruntime(folder / ONNX, codes) - own).max()), GRAPH: float(np.abs(graph - own).max())}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what torch has to say about torchvision and its own code."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _by_onnxruntime(path: Path, codes: Tensor) -> NDArray[np.float32]:
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise AtelierError(f"Expected the package onnxruntime to try {path} with, found none. {_NEEDED}") from None
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    pictures: NDArray[np.float32] = session.run([PICTURES], {CODES: codes.numpy()})[0]
    return pictures
