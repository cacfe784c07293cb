"""The champion served by MLflow: pictures by seed and attribute, the very ones that are drawn here; or a sentence."""

import base64
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from conftest import free_port
from ordering import ASKED, published
from PIL import Image
from promoting import champion, project, scored, studio
from recording import in_new_process

from ganlib.pictures.decode import Pixels
from ganlib.sampling.asked import codes_of
from ganlib.sampling.draw import codes_for, decode
from ganlib.sampling.model import Model
from tasks import places, promote
from tasks.tracking import flavours, served, store
from tasks.tracking.generator import log_generator

__all__ = ["project", "studio"]

CHAMPION = "models:/generator@champion"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model that can be asked for hair and its length."""
    return published(tmp_path_factory.mktemp("published") / "model")


def _pictures(answer: Sequence[str]) -> Pixels:
    """Base64 texts to pictures [N, H, W, 3]."""
    files = [Image.open(io.BytesIO(base64.b64decode(text, validate=True))) for text in answer]
    assert {file.format for file in files} == {"PNG"}
    return np.stack([np.asarray(file) for file in files])


def _of_seed(model: Model, seed: int, number: int = 1) -> Pixels:
    """The first pictures of a seed, as the step sample draws them."""
    return decode(model.generator, codes_of(model, number, seed))


def _red(model: Model, seed: int) -> Pixels:
    return decode(model.generator, ASKED.turned(codes_of(model, 1, seed), {"hair": "red", "length": 0.9}))


def test_an_answer_is_what_is_drawn_here(model: Model) -> None:
    """By seed, index, attribute and code, the same to the level, whatever else is in the table; text and nothing else."""
    rows = [{"seed": 5}, {"seed": 5, "index": 3}, {"seed": 6, "hair": "red", "length": 0.9}, {"code": [0.5] * model.latent}]
    answer = served.Server(model).predict(pd.DataFrame(rows))
    assert list(answer.columns) == ["png"]
    drawn = _pictures(answer["png"])
    assert np.array_equal(drawn[:2], _of_seed(model, 5, 4)[[0, 3]])
    assert np.array_equal(drawn[2:3], _red(model, 6))
    assert np.array_equal(drawn[3:], decode(model.generator, torch.full((1, model.latent), 0.5)))
    assert len({picture.tobytes() for picture in drawn}) == 4


def test_columns_by_name_are_a_table_too(model: Model) -> None:
    """What MLflow makes of `inputs` and `instances`: arrays by column; what is none is refused."""
    server = served.Server(model)
    columns = {"seed": np.array([1, 2]), "hair": np.array(["red", "black"])}
    assert server.predict(columns).equals(server.predict(pd.DataFrame(columns)))
    codes = np.zeros((2, model.latent))
    assert server.predict({"code": codes}).equals(server.predict(pd.DataFrame({"code": codes.tolist()})))
    for wrong in ({"seed": np.array(1)}, {"seed": np.array([1, 2]), "hair": np.array(["red"])}, np.zeros(3), "seed", None):
        with pytest.raises(served.Refused, match=r"Expected (columns|a table)"):
            server.predict(wrong)


def test_a_refusal_is_a_sentence_and_nothing_else(model: Model) -> None:
    """Code 400; MLflow adds the table to a message, which the answer does not show."""
    with pytest.raises(served.Refused) as error:
        served.Server(model).predict(pd.DataFrame({"seed": [1], "hiar": ["red"]}))
    error.value.message = "Failed to predict data"
    assert error.value.get_http_status_code() == 400
    answer = json.loads(error.value.serialize_as_json())
    assert answer.keys() == {"error_code", "message"}
    assert answer["message"].startswith("row 1: hiar: a column must be one of hair, ")


@pytest.mark.threat("a failure inside the served model", found="no path or traceback in the answer")
def test_a_failure_of_ours_tells_strangers_nothing(
    model: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code 500 without a word of what failed; the log has it."""

    def failing(*_: Any) -> None:
        raise RuntimeError("/home/anna/secret")

    monkeypatch.setattr(served, "fulfil", failing)
    with pytest.raises(served.Refused) as error:
        served.Server(model).predict(pd.DataFrame({"seed": [1]}))
    assert error.value.get_http_status_code() == 500
    assert "anna" not in error.value.serialize_as_json()
    assert "/home/anna/secret" in capsys.readouterr().err


@pytest.mark.threat("a served model looked through for pickles", found="there is none")
@pytest.mark.slow
def test_a_logged_model_brings_its_own_code_and_no_pickle(tmp_path: Path) -> None:
    """Far from the project it is served by the ganlib that it was logged with; weights are safetensors, and nothing is run to
    read them."""
    model = published(tmp_path / "published")
    flavours.save_model(str(tmp_path / "logged"), mlflow.models.Model(), model, tmp_path / "published")
    shutil.rmtree(tmp_path / "published")
    names = {path.relative_to(tmp_path / "logged").as_posix() for path in (tmp_path / "logged").rglob("*") if path.is_file()}
    weights = {f"published/{name}" for name in ("generator.safetensors", "model.json", "conditions.parquet")}
    assert {*weights, "data/model.pt2", "code/ganlib.zip"} < names
    kinds = {".safetensors", ".json", ".parquet", ".pt2", ".py", ".zip", ".yaml", ".txt", ""}
    assert {Path(name).suffix for name in names} == kinds
    code = f"""
import mlflow, pandas as pd
answer = mlflow.pyfunc.load_model({str(tmp_path / "logged")!r}).predict(pd.DataFrame({{"seed": [5]}}))
import ganlib
print(ganlib.__file__)
print(answer["png"][0])
"""
    ran = in_new_process(code, PYTHONPATH="", MLFLOW_ALLOW_PICKLE_DESERIALIZATION="false")
    assert ran.returncode == 0, ran.stderr
    library, png = ran.stdout.splitlines()[-2:]
    assert library == str(tmp_path / "logged/code/ganlib.zip/ganlib/__init__.py")
    assert np.array_equal(_pictures([png]), _of_seed(model, 5))


@pytest.fixture
def crowned(studio: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """The first champion of a registry, with nothing left out."""
    monkeypatch.setattr("tasks.tracking.judge.log_generator", log_generator)
    model = published(places.MODEL)
    scored(1000.0)
    assert promote.promote().startswith("Version 1 is the champion.")
    return model


@pytest.fixture
def address(crowned: Model) -> Iterator[str]:
    """Where `mlflow models serve` serves the champion, as a person starts it; ended afterwards, with nothing left behind."""
    port = free_port()
    serve = ["models", "serve", "-m", CHAMPION, "--env-manager", "local", "--port", str(port)]
    search = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    variables = {**os.environ, store.URI: store.uri(), "PATH": search, "PYTHONPATH": ""}
    with Path("log").open("wb") as log:
        command = [sys.executable, "-m", "mlflow", *serve]
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log, start_new_session=True)
    try:
        end = time.monotonic() + 120
        while not _answers(port):
            assert process.poll() is None and time.monotonic() < end, Path("log").read_text()  # noqa: PT018
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        left = _ended(process)
    assert not left
    assert not _answers(port)


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    """Ask the process to end, and wait; whether anything that it started is still there after ten seconds."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        for _ in range(100):
            os.killpg(process.pid, 0)
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        return True
    return False


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1).close()
    except OSError:
        return False
    return True


def _ask(address: str, body: bytes, kind: str = "application/json") -> tuple[int, Any]:
    """The code and the JSON of the answer."""
    request = urllib.request.Request(address, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def _table(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"dataframe_records": rows}).encode()


def _drawn(answer: tuple[int, Any]) -> Pixels:
    assert answer[0] == 200
    return _pictures([row["png"] for row in answer[1]["predictions"]])


#: Requests that cannot be answered, and what each is told.
BAD = {
    _table({"seed": 1, "hiar": "red"}): "row 1: hiar: a column must be one of hair, ",
    _table({"seed": 1}, {"seed": 2, "hair": "rde"}): "row 2: hair: expected one of red, ",
    _table({"seed": 1, "length": 7}): "row 1: length: expected a number from 0 to ",
    _table({"seed": -1}): "row 1: seed: expected a whole number",
    _table({"seed": [1]}): "row 1: seed: expected a whole number",
    _table({"code": [0.0]}): "row 1: code: expected a list of 8 numbers",
    _table({"seed": 1, "truncation": "much"}): "row 1: truncation: expected a number",
    _table(*[{"seed": 1}] * 5000): "Expected 1 to 256 rows",
    _table(): "Expected 1 to 256 rows",
    b'{"dataframe_records": [5]}': "row 1: 0: a column must be one of",
    b'{"seed": 1}': "The input must be a JSON dictionary",
    b"seed": "Invalid input. Ensure that input is a valid JSON",
}


@pytest.mark.slow
def test_the_champion_is_served(address: str, crowned: Model) -> None:
    """Seeds, attributes and CSV in, the very pictures out that are drawn here; all else gets 400 and a sentence."""
    asked = [{"seed": 5}, {"seed": 6, "conditions": {"hair": "red"}, "length": 0.9}]
    drawn = _drawn(_ask(address, _table(*asked)))
    assert np.array_equal(drawn[:1], _of_seed(crowned, 5))
    assert np.array_equal(drawn[1:], _red(crowned, 6))
    assert np.array_equal(_drawn(_ask(address, b"seed,hair,length\n6,red,0.9\n", "text/csv")), _red(crowned, 6))
    for body, said in BAD.items():
        code, answer = _ask(address, body)
        assert (code, answer["message"][: len(said)]) == (400, said)
        assert "Traceback" not in str(answer)
        assert len(answer["message"]) < 1000
    assert len(_drawn(_ask(address, _table({"seed": 5})))) == 1  # it still serves


@pytest.mark.slow
def test_what_is_served_is_the_champion_whoever_that_becomes(crowned: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """One alias names graph and pictures: both are the second model's once it is better, and the first one's again when that is
    rolled back."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    mlflow.set_tracking_uri(store.uri())
    shutil.rmtree(places.MODEL)
    better = published(places.MODEL, seed=1)
    scored(900.0)
    promote.promote()
    for number, expected in (("2", better), ("1", crowned)):
        assert champion() == number
        answer = mlflow.pyfunc.load_model(CHAMPION).predict(pd.DataFrame({"seed": [5]}))
        assert np.array_equal(_pictures(answer["png"]), _of_seed(expected, 5))
        codes = codes_for(5, [0], expected.latent)
        with torch.no_grad():
            graph = mlflow.pytorch.load_model(CHAMPION)(codes)
            torch.testing.assert_close(graph, expected.generator(codes), atol=1e-5, rtol=0)
        if number == "2":
            promote.rollback()
