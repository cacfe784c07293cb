"""The record of a step in MLflow: complete, told once, and never in the step's way."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow
import mlflow.data
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from recording import a_record, append, curve, files, in_new_process, picture, picture_steps, project, runs
from torch import nn

import ganlib.config
import ganlib.sampling.model
import tasks.record
from ganlib.errors import AtelierError
from ganlib.methods.gan import Gan
from ganlib.nets.dcgan import Dcgan
from ganlib.sampling.model import Model, load_model, write_model
from tasks.digests import dvc_md5
from tasks.record import Record, close_parent, open_parent, publish
from tasks.tracking import parents, spool, store, worker
from tasks.tracking.describe import describe, flat

__all__ = ["project"]


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose worker runs in this process, which saves the start of another."""

    def ask(order: str, arguments: list[Any], patience: float) -> tuple[Any, str]:
        if not store.answers(0.5):
            return None, "nothing answers"
        orders: dict[str, Any] = {"send": worker.send, "open": worker.open_parent, "close": worker.close_parent}
        return orders[order](*arguments), ""

    monkeypatch.setattr(tasks.record, "ask", ask)
    return project


def _closed_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _training(**more: Any) -> Record:
    """A finished training: three points of history, the second with an infinite loss, and two grids."""
    history = Path("artifacts/model/history.jsonl")
    history.unlink(missing_ok=True)
    append(history, 0.5, 1.0, 12.5)
    append(history, 13.0, loss_g=float("inf"))
    grids = [picture(Path(f"artifacts/model/samples/kimg-{kimg:06d}.png")) for kimg in (0, 10)]
    return a_record(step="train", writes=[Path("artifacts/model")], history=history, pictures=grids, **more)


def test_a_published_step_is_one_run_with_everything_in_it(project: Path) -> None:
    """Parameters, metrics, files, the data set as input, the DVC ids; through the process that tells, as in real life."""
    record = a_record(metrics={"score": 0.5, "broken": float("nan")})
    assert publish(record)
    (run,) = runs("sample")
    assert run.info.status == "FINISHED"
    assert run.data.params == {"sample.seed": "1", "sample.sizes": "[1, 2]"}
    assert run.data.metrics == {"score": 0.5}
    assert run.data.tags["atelier.not_finite.final"] == "broken"
    assert run.data.tags["dvc.read.artifacts/dataset"] == dvc_md5(Path("artifacts/dataset"))
    assert run.data.tags["dvc.write.out/1.json"] == dvc_md5(Path("out/1.json"))
    assert files(run, "out") == ["out/1.json"]
    (dataset,) = run.inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.dataset.digest) == ("artifacts/dataset", "5" * 32)
    assert json.loads(dataset.dataset.profile) == {"train": 8, "heldout": 2}
    assert spool.left() == 0


def test_the_data_set_is_one_that_mlflow_can_read(here: Path) -> None:
    """mlflow.data resolves the input's source, and the context says what it was used for."""
    publish(_training())
    (given,) = runs("train")[0].inputs.dataset_inputs
    assert mlflow.data.get_source(given).uri == "artifacts/dataset"
    assert {tag.key: tag.value for tag in given.tags} == {"mlflow.data.context": "training"}


def test_the_same_version_is_told_once(here: Path) -> None:
    """Publishing a step again makes no second run and no second point; another result is another run."""
    for _ in range(2):
        assert publish(a_record(1))
    assert len(runs("sample")) == 1
    assert curve(runs("sample")[0], "score") == [(0, 0.5)]
    publish(a_record(2))
    assert len(runs("sample")) == 2


def test_a_version_is_step_reads_writes_and_parameters(project: Path) -> None:
    """A change in any of the four is another version; the metrics and the time of day are none."""
    first, result = describe("sample", {"a": 1}, [Path("in")], [Path("out")]), Path("out")
    Path("in").write_text("one")
    result.write_text("one")
    base = describe("sample", {"a": 1}, [Path("in")], [result]).version
    assert base == describe("sample", {"a": 1}, [Path("in")], [result]).version
    others = {first.version, describe("train", {"a": 1}, [Path("in")], [result]).version}
    others.add(describe("sample", {"a": 2}, [Path("in")], [result]).version)
    result.write_text("two")
    others.add(describe("sample", {"a": 1}, [Path("in")], [result]).version)
    assert len(others | {base}) == 5


def test_history_becomes_curves_over_the_pictures_shown(here: Path) -> None:
    """Steps count pictures, kimg is a curve too, final metrics stand at the end, an infinity is named and left out."""
    publish(_training(metrics={"fd_lite0": 120.0}))
    (run,) = runs("train")
    assert curve(run, "loss_g") == [(500, 0.25), (1000, 1.0), (12500, 156.25)]
    assert curve(run, "kimg") == [(500, 0.5), (1000, 1.0), (12500, 12.5), (13000, 13.0)]
    assert curve(run, "fd_lite0") == [(13000, 120.0)]
    assert run.data.tags["atelier.not_finite"] == "loss_g 1 times"
    assert picture_steps(run) == [0, 10]


def test_a_verdict_is_a_tag(here: Path) -> None:
    """Beside the tags that every run has."""
    publish(_training(tags={"atelier.diagnosis": "Nothing wrong was found."}))
    (run,) = runs("train")
    assert run.data.tags["atelier.diagnosis"] == "Nothing wrong was found."
    assert run.data.tags["atelier.step"] == "train"


@pytest.mark.fault(
    "MLflow's connection breaks, once in every call there is", found="the next try completes the record; no (key, step) twice"
)
@pytest.mark.parametrize(
    "method",
    [
        "create_run",
        "log_batch",
        "log_image",
        "log_inputs",
        "log_artifacts",
        "set_terminated",
        "log_outputs",
        "log_model_artifacts",
    ],
)
def test_a_failure_in_the_middle_leaves_nothing_twice(here: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The connection breaks right after the store took something, once in every call there is; the next try completes it."""
    owner: type = MlflowClient
    real, calls, broken = getattr(owner, method), [0], [0]

    def breaking(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named)
        calls[0] += 1
        if calls[0] > broken[0]:
            broken[0], calls[0] = calls[0], 0
            raise ConnectionError("the line is dead")
        return result

    monkeypatch.setattr(owner, method, breaking)
    with_model = method in ("log_outputs", "log_model_artifacts")
    record = _training(model=_model_folder() if with_model else None)
    publish(record)
    tries = 1
    while spool.waiting() and tries < 12:
        worker.send()
        tries += 1
    assert tries > 1, "the connection never broke"
    (run,) = runs("train")
    assert (run.info.status, run.data.tags["atelier.recorded"]) == ("FINISHED", "yes")
    assert curve(run, "loss_g") == [(500, 0.25), (1000, 1.0), (12500, 156.25)]
    assert picture_steps(run) == [0, 10]
    assert len(run.inputs.dataset_inputs) == 1
    client = MlflowClient(store.uri())
    models = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{run.info.run_id}'")
    assert [str(model.status) for model in models] == ["READY"] * with_model


def test_one_entry_that_cannot_be_told_does_not_hold_up_the_others(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged entry is named and stays; those beside it are sent."""
    spool.SPOOL.mkdir(parents=True)
    (spool.SPOOL / "old").mkdir()
    (spool.SPOOL / "old" / spool.ENTRY).write_text("{")
    assert not publish(a_record())
    assert "old" in capsys.readouterr().err
    assert len(runs("sample")) == 1
    assert [folder.name for folder in spool.waiting()] == ["old"]


def test_steps_are_children_of_their_flow(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parent of the environment; a run told before without one gets it; a child of another flow stays where it is."""
    publish(a_record(1))
    parent = open_parent("nightly", {"trigger": "cron"})
    assert parent is not None
    monkeypatch.setenv(store.PARENT, parent)
    for number in (1, 2):
        publish(a_record(number))
    close_parent(parent, "FINISHED")
    second = open_parent("nightly")
    monkeypatch.setenv(store.PARENT, str(second))
    publish(a_record(2))
    children = sorted(runs("sample"), key=lambda run: run.data.params["sample.seed"])
    assert [run.data.tags["mlflow.parentRunId"] for run in children] == [parent, parent]
    flows = {run.info.run_id: run for run in runs() if run.info.run_name == "nightly"}
    assert flows[parent].info.status == "FINISHED"
    assert flows[parent].data.tags["trigger"] == "cron"
    assert flows[str(second)].data.tags["atelier.run.sample"] == children[1].info.run_id


def test_a_parent_of_another_store_is_no_parent(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that this store does not know is passed over, and the step is recorded all the same."""
    monkeypatch.setenv(store.PARENT, "0" * 32)
    assert publish(a_record())
    assert "mlflow.parentRunId" not in runs("sample")[0].data.tags


@pytest.mark.fault("MLflow away from the start", found="a line says where the record waits; the next start tells all of it, once")
def test_a_flow_without_a_server_is_recorded_later(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parent, child and end of the flow wait on disk while nothing answers, and are all there afterwards, once."""
    monkeypatch.setenv(store.URI, _closed_port())
    parent = open_parent("nightly")
    monkeypatch.setenv(store.PARENT, str(parent))
    assert not publish(a_record())
    close_parent(parent, "FAILED")
    assert spool.left() == 2
    monkeypatch.delenv(store.URI)
    for _ in range(2):
        assert tasks.record.send()
    child, (flow,) = runs("sample")[0], [run for run in runs() if "atelier.step" not in run.data.tags]
    assert (len(runs()), flow.info.run_name, flow.info.status) == (2, "nightly", "FAILED")
    assert child.data.tags["mlflow.parentRunId"] == flow.info.run_id
    assert spool.left() == 0


def test_what_is_sent_later_is_what_was_then(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that changed while the record waited are sent as they were when the step ended."""
    monkeypatch.setenv(store.URI, _closed_port())
    publish(a_record(7))
    Path("out/7.json").write_text("overwritten")
    monkeypatch.delenv(store.URI)
    tasks.record.send()
    path = MlflowClient(store.uri()).download_artifacts(runs("sample")[0].info.run_id, "out/7.json")
    assert json.loads(Path(path).read_text()) == {"number": 7}


@pytest.mark.fault("MLflow refuses, or answers by silence", found="a line after seconds at most; the record waits on the disk")
def test_a_server_that_is_gone_costs_seconds_and_a_line(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Refused, or answered by silence: publish returns soon, says where the record is kept, and raises nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        for address in (_closed_port(), f"http://127.0.0.1:{silent.getsockname()[1]}"):
            monkeypatch.setenv(store.URI, address)
            began = time.monotonic()
            assert not publish(a_record())
            assert time.monotonic() - began < 10
            said = capsys.readouterr().err.strip()
            assert address in said
            assert str(spool.SPOOL) in said
            assert "python -m tasks.record" in said
            assert "\n" not in said
    assert len(spool.waiting()) == 1


def test_what_others_tell_meanwhile_fails_no_step(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A folder that was there when they were listed, and is not when it is looked at, does not count."""
    monkeypatch.setenv(store.URI, _closed_port())
    for number in (1, 2):
        publish(a_record(number))
    real = Path.glob

    def glob(folder: Path, pattern: str) -> list[Path]:
        found = list(real(folder, pattern))
        if pattern.endswith(spool.ENTRY):
            shutil.rmtree(found[0].parent)
        return found

    with monkeypatch.context() as busy:
        busy.setattr(Path, "glob", glob)
        assert not publish(a_record(3))
    assert "What is missing, of 2 runs" in capsys.readouterr().err


@pytest.mark.fault("the process that tells MLflow hangs", found="given up after its patience; the record waits on the disk")
def test_a_worker_that_hangs_is_given_up(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Whatever MLflow does in there, publish ends when its patience does, and the record is kept."""
    Path("sitecustomize.py").write_text("import sys, time\nif 'tasks.tracking.worker' in str(sys.orig_argv): time.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", str(project))
    began = time.monotonic()
    assert not publish(a_record(), patience=1.0)
    assert time.monotonic() - began < 5
    assert "not done after 1 s" in capsys.readouterr().err
    assert len(spool.waiting()) == 1


@pytest.mark.fault("no room even for the record that is to wait", found="a line says so; the step's result stands")
def test_a_full_disk_does_not_fail_the_step(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """When not even the spool can be written, a line says so and the step goes on."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool, "keep", full)
    assert not publish(a_record())
    assert "No space left" in capsys.readouterr().err


def test_the_record_costs_nothing_until_it_is_told(project: Path) -> None:
    """Importing the seam, and publishing through it, load neither MLflow nor torch into the step's process."""
    code = (
        "import sys, tasks.record as r, tasks.live\n"
        "r.publish(r.Record('sample', {}, {}))\n"
        "print(sorted({'mlflow', 'torch', 'pandas', 'prefect'} & set(sys.modules)))"
    )
    done = in_new_process(code, **{store.URI: _closed_port()})
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.fault("two steps make MLflow's database at once", found="both are recorded")
@pytest.mark.drill
def test_two_processes_may_create_the_store_at_once(project: Path) -> None:
    """Both publish into a project that has no store yet, and both records are there."""
    (project / ".mlflow" / "mlflow.db").unlink()
    code = "import sys, tasks.record as r; sys.exit(not r.publish(r.Record(sys.argv[1], {}, {'x': 1.0}), 120.0))"
    both = [subprocess.Popen([sys.executable, "-c", code, name], env={**os.environ, **_root()}) for name in ("curate", "sample")]
    assert [process.wait(120) for process in both] == [0, 0]
    assert sorted(run.info.run_name for run in runs()) == ["curate", "sample"]


def _root() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[1])}


@pytest.mark.threat("a password and a token in MLflow's and a source's address", found="in no line, parameter or tag")
def test_credentials_are_never_shown(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Neither the line about an absent server nor a parameter or a tag holds a password or a token."""
    host = _closed_port().removeprefix("http://")
    monkeypatch.setenv(store.URI, f"http://anna:s3cr3t@{host}/x?token=t0k3n")
    publish(a_record(params={"source": {"url": "https://anna:s3cr3t@example.org/a.zip?access_token=t0k3n&v=1"}}))
    said = capsys.readouterr().err
    assert host in said
    monkeypatch.delenv(store.URI)
    tasks.record.send()
    (run,) = runs("sample")
    assert run.data.params["source.url"] == "https://example.org/a.zip?access_token=***&v=1"
    assert not any(secret in said + str(run.data.to_dictionary()) for secret in ("s3cr3t", "t0k3n", "anna:"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://host:5000/path", "http://host:5000/path"),
        ("postgresql://u:p@ss@host/db", "postgresql://host/db"),
        ("failed: https://u:p@host/api with Tok-1", "failed: https://host/api with ***"),
        ("mail a@example.org", "mail a@example.org"),
    ],
)
def test_redaction(text: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials go, all else stays as it was."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "Tok-1")
    assert store.redact(text) == shown


def test_files_lie_beside_the_database(here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also with a database elsewhere: the folder that a step runs in may be a passing one (`dvc exp run --temp`)."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (here / ".mlflow" / "mlflow.db").rename(elsewhere / "mlflow.db")
    monkeypatch.setenv(store.URI, f"sqlite:///{elsewhere / 'mlflow.db'}")
    assert publish(a_record())
    assert [path.name for path in elsewhere.rglob("1.json")] == ["1.json"]
    assert not list(here.glob(".mlflow/artifacts/*"))
    assert not (here / "mlruns").exists()


def test_a_project_may_lie_in_a_folder_of_an_odd_name(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that mean something in an address mean nothing there: all is in the project, and nothing beside it."""
    folder = project.rename(project.parent / "50% off #1 %20")
    monkeypatch.chdir(folder)
    assert publish(a_record())
    (run,) = runs("sample")
    assert files(run, "out") == ["out/1.json"]
    assert len(list(folder.glob(".mlflow/artifacts/**/1.json"))) == 1
    assert list(folder.parent.iterdir()) == [folder]


def test_a_question_mark_in_the_projects_path_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """MLflow would write beside the project: it is not even asked, the record waits, and it is said what to do."""
    folder = project.rename(project.parent / "what?")
    monkeypatch.chdir(folder)
    assert not publish(a_record())
    said = capsys.readouterr().err
    assert f"({folder}/.mlflow: expected a path without a question mark" in said
    assert "Move the project, or name another store in MLFLOW_TRACKING_URI)" in said
    code = "from tasks.tracking.run import Tracker; Tracker()"  # as the process beside a training does
    done = subprocess.run([sys.executable, "-c", code], env=store.environment(), capture_output=True, text=True)
    assert "AtelierError" in done.stderr
    assert list(folder.parent.iterdir()) == [folder]
    assert spool.left() == 1


def test_parameters_are_flat_and_readable() -> None:
    """Nested knobs become names with dots, dataclasses too, lists stay lists."""
    assert flat({"train": {"betas": [0.0, 0.9], "name": None}, "network": Dcgan(latent=6, width=8)}) == {
        "train.betas": "[0.0, 0.9]",
        "train.name": "None",
        "network.name": "dcgan",
        "network.latent": "6",
        "network.width": "8",
        "network.max_width": "512",
        "network.norm": "False",
    }


def test_many_and_long_parameters_and_odd_names_pass(here: Path) -> None:
    """More than MLflow takes at once, longer than it keeps, and names that it refuses: the run is complete."""
    params = {f"knob{number}": number for number in range(250)} | {"long": "x" * 9000}
    assert publish(a_record(params=params, metrics={"FD∞ (lite0)": 1.0}))
    (run,) = runs("sample")
    assert len(run.data.params) == 251
    assert run.data.metrics == {"FD_ _lite0_": 1.0}


def _model_folder() -> Path:
    """A small trained generator as the step train publishes it: 6 numbers to pictures of 16 by 16."""
    method, folder = Gan(network=Dcgan(latent=6, width=8)), Path("artifacts/model")
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    generator = method.generator(16, 3)
    generator(torch.randn(64, 6))  # so that the running averages are not those of a new network
    card = {"dataset": "5" * 32, "size": 16, "channels": 3, "latent": 6, "kimg": 13.0}
    write_model(folder, {"generator": generator}, method, card)
    return folder


class _Small(nn.Module):
    """What other networks have: spectral norm, channels last; 6 numbers to pictures of 8 by 8."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.utils.parametrizations.spectral_norm(nn.Linear(6, 16 * 16))
        self.rest = nn.Sequential(nn.BatchNorm2d(16), nn.ReLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh())
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        drawn: torch.Tensor = self.rest(self.first(latent).view(-1, 16, 4, 4))
        return drawn


class _Untraceable(_Small):
    """One whose path depends on what it is given, which a traced graph cannot hold."""

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        return super().forward(latent) if latent.sum() > 1000 else super().forward(-latent)


def test_the_generator_is_loaded_back_without_pickle_and_draws_the_same(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pt2, any number of pictures at a time, and the last metrics tied to the model; and to be served, which gives PNG. No
    input is declared, or MLflow would pass over what it does not know (`test_served`)."""
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    folder = _model_folder()
    expected = load_model(folder).generator
    assert publish(_training(model=folder, metrics={"score": 0.25}))
    (run,) = runs("train")
    (output,) = run.outputs.model_outputs
    uri = f"models:/{output.model_id}"
    loaded = mlflow.pytorch.load_model(uri)
    for number in (1, 7):
        latent = torch.randn(number, 6)
        with torch.no_grad():
            torch.testing.assert_close(loaded(latent), expected(latent), atol=1e-5, rtol=0)
    info = mlflow.models.get_model_info(uri)
    assert info.flavors.keys() == {"pytorch", "python_function"}
    assert info.signature is not None
    assert info.signature.inputs is None
    assert info.signature.outputs.input_names() == ["png"]
    model = MlflowClient(store.uri()).get_logged_model(output.model_id)
    assert "score" in {metric.key for metric in model.metrics or []}
    assert curve(run, "score") == [(13000, 0.25)]
    assert run.info.status == "FINISHED"


def test_logging_the_generator_leaves_it_as_it_is(here: Path) -> None:
    """It stays in training mode, with gradients, its averages and weights untouched; what is logged draws as in evaluation."""
    from tasks.tracking.generator import log_generator
    from tasks.tracking.run import Tracker

    network, folder = _Small(), _model_folder()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    run, model = Tracker().create("train", {}), Model(network, 6, 8, 3, "", {})
    uri = log_generator(run.id, model, folder)
    assert log_generator(run.id, model, folder) is None  # it is there already
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(np.array_equal(value, before[name]) for name, value in network.state_dict().items())
    latent = torch.randn(5, 6)
    with torch.no_grad():
        torch.testing.assert_close(mlflow.pytorch.load_model(uri)(latent), network.eval()(latent), atol=1e-5, rtol=0)


def test_a_network_that_cannot_be_traced_costs_only_the_model(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the record is complete, and a note says why there is no model."""
    model = Model(_Untraceable(), 6, 8, 3, "", {})
    monkeypatch.setattr(ganlib.sampling.model, "load_model", lambda folder: model)
    assert publish(_training(model=_model_folder()))
    (run,) = runs("train")
    assert run.info.status == "FINISHED"
    assert run.data.tags["atelier.note"].startswith("the generator is not logged")
    assert picture_steps(run) == [0, 10]


def test_records_are_rebuilt_from_the_artefacts(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that DVC restored has its run built afterwards, marked as such, and not a second time."""
    module = ModuleType("tasks.train")
    module.record = lambda params: _training()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tasks.train", module)
    monkeypatch.setattr(ganlib.config, "load", lambda: None)
    for _ in range(2):
        assert tasks.record.rebuild(["train"])
    (run,) = runs("train")
    assert run.data.tags["atelier.rebuilt"] == "yes"
    assert len(curve(run, "kimg")) == 4


@pytest.mark.parametrize("step", ["collect", "curate", "train", "sample", "evaluate", "report"])
def test_a_step_that_never_ran_gets_no_record(here: Path, step: str) -> None:
    """In a fresh clone there is nothing to rebuild it from: a sentence with what to run, and no run in MLflow."""
    shutil.copy(Path(__file__).parents[1] / "params.yaml", here)
    with pytest.raises(AtelierError, match=r"expected .*, found no(ne\.|thing there)"):
        tasks.record.rebuild([step])
    assert runs() == []
    assert spool.left() == 0


def test_where_one_step_has_left_nothing_none_is_recorded(here: Path) -> None:
    """The samples are there, the report is not."""
    shutil.copy(Path(__file__).parents[1] / "params.yaml", here)
    picture(Path("artifacts/samples/grid.png"))
    expected = r"artifacts/report: expected what the step report writes, found nothing there; nothing was .* `dvc repro report`\."
    with pytest.raises(AtelierError, match=expected):
        tasks.record.rebuild(["sample", "report"])
    assert runs() == []


def test_an_unknown_step_is_answered_with_the_valid_ones(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m tasks.record trian` says what it could have been."""
    monkeypatch.setattr(sys, "argv", ["record", "trian"])
    with pytest.raises(AtelierError, match="must be one of train, collect"):
        tasks.record.main()


def test_a_waiting_parent_is_made_once(here: Path) -> None:
    """Its stand-in stands for the same run whoever asks."""
    from tasks.tracking.run import Tracker

    stand_in = parents.note("nightly", {})
    tracker = Tracker()
    found = [parents.resolve(tracker, stand_in) for _ in range(2)]
    assert found[0] is not None
    assert [run.id for run in found if run] == [found[0].id] * 2
