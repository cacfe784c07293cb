"""Pickles that would create a file, handed in wherever a file can be: the file does not appear, and a sentence says why not."""

import ast
import base64
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from conftest import PROJECT, Workspace, copy_project
from ledger import Ledger
from trainings_of_threats import trained

from ganlib.files import digest_file


class Evil:
    """Whoever unpickles it creates a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, (f"open({str(self.mark)!r}, 'w').close()",)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A tiny project whose model is trained, and a training in progress."""
    return trained(copy_project(tmp_path_factory.mktemp("ready") / "atelier"))


def plain(evil: Evil) -> bytes:
    return pickle.dumps(evil)


def of_torch(evil: Evil) -> bytes:
    """What `torch.save` writes of it, as `.pt` files are."""
    path = evil.mark.with_name("evil.pt")
    torch.save({"weights": evil}, path)
    return path.read_bytes()


def of_numpy(evil: Evil) -> bytes:
    """An array of objects."""
    path = evil.mark.with_name("evil.npy")
    np.save(path, np.array([evil], dtype=object), allow_pickle=True)
    return path.read_bytes()


def as_it_is(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def with_its_digest(path: Path, data: bytes) -> None:
    """In a checkpoint, whose manifest then bears the pickle's own digest."""
    path.write_bytes(data)
    manifest = path.with_name("manifest.json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "sha256": digest_file(path)}))


#: What is replaced (a pattern in the project), how, by what, and which command then reads it.
PLACES: dict[str, tuple[str, Callable[[Path, bytes], None], Callable[[Evil], bytes], str]] = {
    "a model's weights": ("artifacts/model/generator.safetensors", as_it_is, plain, "sample"),
    "a model's weights, as torch.save writes them": ("artifacts/model/generator.safetensors", as_it_is, of_torch, "sample"),
    "a model's card": ("artifacts/model/model.json", as_it_is, plain, "sample"),
    "a checkpoint": (".runs/*/checkpoints/*/state.safetensors", with_its_digest, of_torch, "train"),
    "a run's description": (".runs/*/run.json", as_it_is, plain, "train"),
    "a data set's pictures": ("artifacts/dataset/pictures.npy", as_it_is, of_numpy, "train"),
    "a data set's table": ("artifacts/dataset/manifest.parquet", as_it_is, plain, "train"),
    "drawn pictures": ("artifacts/samples/pictures.npy", as_it_is, of_numpy, "evaluate"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_pickle_is_never_loaded(place: str, ready: Workspace, tmp_path: Path, ledger: Ledger) -> None:
    """The command that reads the file ends with a sentence, and what the pickle would have created is not there."""
    shutil.copytree(ready.folder, tmp_path / "atelier", symlinks=True)
    workspace, mark = Workspace(tmp_path / "atelier"), tmp_path / "mark"
    pattern, put, made, step = PLACES[place]
    found = list(workspace.folder.glob(pattern))
    assert found, pattern
    for path in found:
        put(path, made(Evil(mark)))
    output = workspace.python("-m", f"tasks.{step}", code=2)
    assert not mark.exists()
    assert "error: " in output
    assert "Traceback" not in output
    ledger.add(f"a pickle in the place of {place}", found="a sentence; the file that it would create is not there")


def test_weights_that_are_a_pickle_are_refused(ready: Workspace, tmp_path: Path, ledger: Ledger) -> None:
    """As `evaluate.weights`, which is the one `.pt` file that is ever read."""
    shutil.copytree(ready.folder, tmp_path / "atelier", symlinks=True)
    workspace, mark = Workspace(tmp_path / "atelier"), tmp_path / "mark"
    (workspace.folder / "evil.pt").write_bytes(of_torch(Evil(mark)))
    workspace.change("evaluate", extractor="inception", weights="evil.pt")
    output = workspace.python("-m", "tasks.evaluate", code=2)
    assert not mark.exists()
    assert "Traceback" not in output
    ledger.add("a pickle as the weights to evaluate by", found="a sentence; the file that it would create is not there")


@pytest.mark.parametrize("kind", ["pickles", "objects in a table"])
def test_pickles_among_pictures_are_rows_like_others(kind: str, workspace: Workspace, tmp_path: Path, ledger: Ledger) -> None:
    """In a folder of pictures, or as cells of a Parquet file: nothing of them runs, and they are refused or set aside."""
    mark, heap = tmp_path / "mark", tmp_path / "heap"
    heap.mkdir()
    if kind == "pickles":
        for number in range(3):
            (heap / f"{number}.png").write_bytes((plain, of_torch, of_numpy)[number](Evil(mark)))
        workspace.change("collect", source="folder", path=str(heap))
    else:
        pq.write_table(pa.table({"image": [plain(Evil(mark))] * 3}), heap / "part.parquet")
        workspace.change("collect", source="parquet", path=str(heap))
    for knob in ("style", "number", "size", "seed"):
        _forget(workspace, knob)
    output = workspace.python("-m", "tasks.collect", code=None)
    (workspace.folder / "data").symlink_to(workspace.folder / "build" / "raw")
    output += workspace.python("-m", "tasks.curate", code=None)
    assert not mark.exists()
    assert "Traceback" not in output
    ledger.add(f"{kind} that would run code, among the pictures", found="set aside, or a sentence; nothing of it ran")


def _forget(workspace: Workspace, knob: str) -> None:
    from ruamel.yaml import YAML

    yaml, path = YAML(), workspace.folder / "params.yaml"
    tree = yaml.load(path)
    tree["collect"].pop(knob, None)
    yaml.dump(tree, path)


def test_mlflow_refuses_a_pickled_model(tmp_path: Path, workspace: Workspace, ledger: Ledger) -> None:
    """In the environment that everything here starts with, a model that somebody pickled into the registry is not loaded."""
    code = (
        "import tasks, mlflow, sys\n"
        "class Evil(mlflow.pyfunc.PythonModel):\n"
        "    def load_context(self, context): open(sys.argv[1], 'w')\n"
        "    def predict(self, context, model_input: list[str]): return model_input\n"
        "mlflow.pyfunc.save_model('model', python_model=Evil())\n"
    )
    workspace.python("-c", code, str(tmp_path / "saved"), code=None, MLFLOW_ALLOW_PICKLE_DESERIALIZATION="true")
    assert (workspace.folder / "model" / "MLmodel").exists()
    (tmp_path / "saved").unlink(missing_ok=True)
    output = workspace.python("-c", "import tasks, mlflow; mlflow.pyfunc.load_model('model')", code=1)
    assert "pickle" in output.lower()
    assert not (tmp_path / "saved").exists()
    ledger.add("a pickled model in MLflow's registry", found="MLflow refuses to load it: pickles are switched off")


@pytest.mark.drill
@pytest.mark.slow
def test_prefects_store_of_results_is_neither_written_nor_read(
    chain: Workspace, served: Workspace, tmp_path: Path, ledger: Ledger
) -> None:
    """Whose results would be pickles: even where they are asked for a flow leaves none; those planted lie still."""
    chain.variables |= {"PREFECT_API_URL": served.variables["PREFECT_API_URL"], "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true"}
    mark, results = tmp_path / "mark", chain.folder / ".prefect" / "storage"
    chain.python("-m", "flows.train_gan")
    assert [path for path in results.rglob("*") if path.is_file()] == []
    results.mkdir(parents=True, exist_ok=True)
    evil = base64.b64encode(plain(Evil(mark))).decode()
    stored = {"metadata": {"serializer": {"type": "pickle"}, "prefect_version": "3.8.8"}, "result": evil}
    for step in ("collect", "data", "curate", "train", "sample", "evaluate", "report", "promote"):
        (results / step).write_text(json.dumps(stored))
        (results / f"{step}.pkl").write_bytes(plain(Evil(mark)))
    chain.change("train", kimg=0.5)
    assert "train done" in chain.python("-m", "flows.train_gan")
    assert not mark.exists()
    ledger.add("pickles planted in Prefect's store of results", times=16, found="it is never read: no result is kept there")


def test_no_line_of_the_project_loads_a_pickle() -> None:
    """Nowhere `pickle`, `joblib` or their like are imported, nor is `torch.load` or `np.load` called without forbidding them."""
    found = []
    for path in [file for place in ("ganlib", "tasks", "flows", "bench") for file in (PROJECT / place).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [one.name for one in node.names] + [getattr(node, "module", None) or ""]
                found += [f"{path.name}:{node.lineno} imports {name}" for name in names if name.split(".")[0] in _PICKLING]
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "np.load", "numpy.load"):
                given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                forbids = given.get("weights_only") == "True" if "torch" in ast.unparse(node.func) else _forbids(given)
                found += [] if forbids else [f"{path.name}:{node.lineno} {ast.unparse(node)}"]
    assert found == []


_PICKLING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def _forbids(given: dict[str | None, str]) -> bool:
    return given.get("allow_pickle", "False") == "False"
