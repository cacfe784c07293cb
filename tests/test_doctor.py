"""The doctor: every illness is made for real, seen, mended where that loses nothing, and never told by a traceback."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import PROJECT, Workspace, free_port
from recording import project, runs
from test_flow_parts import gone
from test_record_server import Start, server

from flows import doctor, services
from ganlib.metrics.cache import cached_features
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors.pixels import load
from ganlib.training import checkpoint
from tasks import places
from tasks.doctor import CHECKS
from tasks.doctor.base import Finding, examine, exit_code
from tasks.record import Record, publish
from tasks.tracking import store

__all__ = ["project", "server"]

HOLDS = """
import sys, time
from pathlib import Path
from ganlib.training.run_folder import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
WRITES = """
import os, signal
from pathlib import Path
from ganlib.files import new_folder, os as files
with new_folder(Path("artifacts/model"), "model.json") as folder:
    (folder / "weights").write_bytes(bytes(1000))
    files.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # where the system would do the renaming
    from ganlib.files import write_text
    write_text(Path(".runs/report.html"), "half")
"""
OPEN_TO_ALL = """
import os, sys, time
from flows import services
from flows.services import Service
from tasks.doctor.base import examine
os.environ |= {"PREFECT_API_URL": "http://127.0.0.1:8001/api", "MLFLOW_TRACKING_URI": "http://127.0.0.1:8000"}
Service("mlflow", [sys.executable, "-m", "http.server", "--bind", "0.0.0.0", "8000"], {}, "http://127.0.0.1:8000").start()
for _ in range(200):
    [found] = examine(["flows.doctor.servers"], False)
    if "0.0.0.0" in found.found:
        break
    time.sleep(0.1)
print(found.state, found.found)
services.stop("mlflow", patience=1)
"""
BEGINS = "import os; from tasks.tracking.run import Tracker; Tracker().create('train', {}); os.kill(os.getpid(), 9)"


def see(name: str, fix: bool = False) -> Finding:
    """What one check finds in the current folder."""
    folder = "tasks" if name in CHECKS else "flows"
    [finding] = examine([f"{folder}.doctor.{name}"], fix)
    return finding


def dies(code: str) -> None:
    """Run Python code in this folder that is to be killed in its middle."""
    done = subprocess.run([sys.executable, "-c", code], env=store.environment(), capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


@contextmanager
def holder(folder: Path) -> "Iterator[subprocess.Popen[str]]":
    """A process that holds the run in `folder`."""
    command = [sys.executable, "-c", HOLDS, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=store.environment()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def of(findings: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The finding of this name, as --json tells it."""
    return next(finding for finding in findings if finding["name"] == name)


@pytest.mark.usefixtures("project")
def test_who_holds_a_run_is_named_and_what_he_leaves_when_killed_is_cleared() -> None:
    """While he lives nothing is wrong and nothing is touched; after kill -9 his file is found, and removed by --fix."""
    run = places.RUNS / "0123456789abcdef"
    with holder(run) as process:
        living = see("locks", fix=True)
        assert living.state == "ok"
        assert f"process {process.pid} (since" in living.found
        assert (run / "lock.json").exists()
    dead = see("locks")
    assert dead.state == "warn"
    assert f"{run / 'lock.json'}" in dead.found
    assert see("locks", fix=True).fixed == (f"{run / 'lock.json'} removed",)
    assert see("locks").state == "ok"


@pytest.mark.usefixtures("project")
def test_a_list_of_dvc_that_was_cut_short_is_found_and_emptied() -> None:
    """DVC itself refuses such a list for ever, and so it does one whose process number is now somebody else's."""
    rwlock = Path(".dvc/tmp/rwlock")
    rwlock.parent.mkdir(parents=True)
    other = {"write": {"/data": {"pid": 1, "cmd": "dvc repro"}}}
    for content in (json.dumps(other), json.dumps(other)[:20]):
        rwlock.write_text(content)
        assert see("locks").state == "warn"
        assert see("locks", fix=True).fixed == (".dvc/tmp/rwlock emptied",)
        assert see("locks").state == "ok"


@pytest.mark.drill
@pytest.mark.fault("locks of a DVC that was killed", found="found and cleared by `make doctor ARGS=--fix`")
@pytest.mark.slow
def test_what_a_killed_dvc_leaves_behind_is_seen_and_mended(chain: Workspace) -> None:
    """kill -9 of `dvc repro` alone: the step that works on is named and ended, DVC's list is emptied, and repro goes on."""
    variables = {"STAND_IN_LASTS": "train:300", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    dvc = chain.start(sys.executable, "-m", "dvc", "repro", **variables)
    number, deadline = chain.folder / ".runs/train.pid", time.monotonic() + 60
    while not (number.exists() and number.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    step = int(number.read_text())
    assert of(json.loads(chain.python("-m", "flows.doctor", "--json", code=None)), "orphans")["state"] == "ok"
    dvc.kill()
    dvc.wait()
    ill = json.loads(chain.python("-m", "flows.doctor", "--json", code=2))
    assert of(ill, "orphans")["state"] == "bad"
    assert f"{step} (" in of(ill, "orphans")["found"]
    assert of(ill, "locks")["state"] == "warn"
    assert not gone(step, within=0.2)
    assert f"process {step} ended" in chain.python("-m", "flows.doctor", "--fix", code=None)
    assert gone(step)
    chain.python("-m", "flows.doctor", "--fix", code=None)  # now that it is gone
    well = json.loads(chain.python("-m", "flows.doctor", "--json", code=None))
    assert {of(well, name)["state"] for name in ("orphans", "locks", "litter", "cache")} == {"ok"}
    assert "train done" in chain.dvc("repro")


@pytest.mark.fault("objects of DVC's cache damaged", found="found by digest, removed, made again")
@pytest.mark.slow
def test_damaged_cache_objects_are_named_removed_and_made_again(chain: Workspace) -> None:
    """`dvc checkout` would deliver one without a word; removed by --fix, the step is redone to the same digest."""
    chain.dvc("repro")
    before = chain.read("dvc.lock")
    digest = before.partition("path: artifacts/model\n")[2].partition("md5: ")[2][:32]
    listing = chain.folder / f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}.dir"
    name = json.loads(listing.read_text())[0]["md5"]
    damaged = chain.folder / f".dvc/cache/files/md5/{name[:2]}/{name[2:]}"
    damaged.chmod(0o644)
    damaged.write_bytes(b"X" + damaged.read_bytes()[1:])
    shutil.rmtree(chain.folder / "artifacts/model")
    ill = json.loads(chain.python("-m", "flows.doctor", "--json", code=2))
    assert str(damaged.relative_to(chain.folder)) in of(ill, "cache")["found"]
    assert "artifacts/model is not there" in of(ill, "outputs")["found"]
    assert "removed" in chain.python("-m", "flows.doctor", "--fix", code=1)
    assert not damaged.exists()
    chain.dvc("repro")
    well = json.loads(chain.python("-m", "flows.doctor", "--json", code=None))
    assert {of(well, name)["state"] for name in ("cache", "outputs")} == {"ok"}
    assert chain.read("dvc.lock") == before


@pytest.mark.fault("half a folder left by a killed step", found="found, and removed once nobody works there")
@pytest.mark.usefixtures("project")
def test_what_a_killed_step_left_half_written_is_removed() -> None:
    """A folder and a file that were never renamed; what was there before stays."""
    places.RUNS.mkdir()
    (places.RUNS / "report.html").write_text("whole")
    dies(WRITES)
    assert "artifacts/.model.partial" in see("litter").found
    assert len(see("litter", fix=True).fixed) == 2
    assert see("litter").found == "None."
    assert [path.name for path in places.RUNS.iterdir()] == ["report.html"]
    assert (places.RUNS / "report.html").read_text() == "whole"


@pytest.mark.fault("a run in MLflow whose training is dead", found="ended as killed by `make doctor ARGS=--fix`")
@pytest.mark.usefixtures("project")
def test_a_run_that_nobody_tells_any_more_is_ended() -> None:
    """MLflow held it for running for ever; --fix ends it as KILLED."""
    assert see("runs").state == "ok"
    dies(BEGINS)
    [zombie] = runs()
    assert zombie.info.run_id in see("runs").found
    assert runs()[0].info.status == "RUNNING"
    assert see("runs", fix=True).fixed == (f"run {zombie.info.run_id} ended as KILLED",)
    assert runs()[0].info.status == "KILLED"
    assert see("runs").state == "ok"


@pytest.mark.drill
def test_runs_that_others_tell_to_a_server_here_are_left_alone(server: Start, project: Path) -> None:
    """It may be another folder's server, and the run alive: ended is only what this folder knows of."""
    server()
    dies(BEGINS)
    assert see("runs", fix=True).found == "No run is RUNNING that nobody tells."
    assert [run.info.status for run in runs()] == ["RUNNING"]


@pytest.mark.usefixtures("project")
def test_what_waits_for_mlflow_is_counted_and_told_by_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record made while no server answered."""
    monkeypatch.setenv(store.URI, "http://127.0.0.1:9")
    publish(Record("collect", {"number": 3}, {"pictures": 3.0}))
    waits = see("spool", fix=True)
    assert waits.state == "warn"
    assert waits.found.startswith("1 runs wait")
    assert see("runs").state == "warn"
    monkeypatch.delenv(store.URI)
    assert see("spool", fix=True).fixed == ("1 of 1 runs told",)
    assert [run.info.status for run in runs("collect")] == ["FINISHED"]


@pytest.mark.usefixtures("project")
def test_damaged_checkpoints_are_told_from_a_run_that_is_lost() -> None:
    """One flipped byte in the last one is to be looked at; in all of them it is bad. Nothing is removed, fix or not."""
    folder = places.RUNS / "0123456789abcdef/checkpoints"
    saved = [checkpoint.save(folder, images, {"weight": torch.arange(100.0)}) for images in (0, 16)]
    assert see("checkpoints").state == "ok"
    for path, state in zip(reversed(saved), ("warn", "bad"), strict=True):
        file = path / "state.safetensors"
        file.write_bytes(file.read_bytes()[:-1] + b"X")
        found = see("checkpoints", fix=True)
        assert found.state == state
        assert str(path if state == "warn" else folder.parent) in found.found
        assert file.exists()


def test_damaged_features_are_found_and_go(project: Path) -> None:
    """They are worked out again when they are asked for."""
    shutil.copy(PROJECT / "params.yaml", project)
    pictures = torch.randint(0, 256, (4, 16, 16, 3), dtype=torch.uint8).numpy()
    extractor = load(EvaluateConfig(extractor="pixels", size=16))
    cached_features(pictures, extractor, places.FEATURES, "real")
    assert see("shelves").state == "ok"
    [file] = places.FEATURES.glob("*.npy")
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    assert str(file) in see("shelves").found
    assert see("shelves", fix=True).fixed == (f"{file} removed",)
    assert see("shelves").state == "ok"


def test_parameters_that_cannot_be_read_and_a_disk_too_small_are_told(project: Path) -> None:
    """With line and column; and more pictures asked for than there is room for is bad before anything is drawn."""
    text = (PROJECT / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace("  number: 10000", f"  number: {10**11}", 1))
    assert see("disk").state == "bad"
    (project / "params.yaml").write_text(text.replace("  batch: 16", "  batch: -3", 1))
    assert see("environment").state == "bad"
    assert "train.batch must be > 0 (got -3)" in see("environment").found


def test_versions_known_to_break_and_versions_other_than_locked_are_told(project: Path) -> None:
    """The installed ones are held against what a project asks for and has locked."""
    shutil.copy(PROJECT / "pyproject.toml", project)
    for lock in ("requirements.lock", "torch.lock"):
        shutil.copy(PROJECT / lock, project)
    assert see("versions").state in ("ok", "warn")
    Path("requirements.lock").write_text("filelock==0.0.1 \\\n    --hash=sha256:00\nnot-there-at-all==1\n")
    assert see("versions").state == "warn"
    assert "(locked: 0.0.1), not-there-at-all is not installed" in see("versions").found
    Path("pyproject.toml").write_text('[project]\ndependencies = ["fastapi<0.1"]\n')
    assert see("versions").state == "bad"
    assert "is known not to work here (needed: <0.1)" in see("versions").found


def test_a_stranger_at_our_port_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While our servers are down; who it is, and where."""
    port = free_port()
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{free_port()}/api")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    assert see("servers").state == "ok"
    stranger = subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)], cwd=project)
    while not services.answers(f"http://127.0.0.1:{port}/"):
        time.sleep(0.05)
    found = see("servers")
    stranger.kill()
    stranger.wait()
    assert found.state == "warn"
    assert f"Port {port} on 127.0.0.1, where mlflow is to listen, is in use by process {stranger.pid}" in found.found
    assert found.advice == "Stop that process, or write another port into pyproject.toml."  # make down would not touch it


def test_a_server_that_others_can_reach_is_bad(project: Path) -> None:
    """Tried in a network of its own, which nobody else is in."""
    alone = ["unshare", "--net", sys.executable, "-c", OPEN_TO_ALL]
    if shutil.which("unshare") is None or subprocess.run([*alone[:2], "true"], capture_output=True).returncode:
        pytest.skip("no network of its own for a process here: unshare is missing, or not allowed")
    environment = {name: value for name, value in store.environment().items() if name != store.URI}
    done = subprocess.run(alone, cwd=project, env=environment, capture_output=True, text=True, timeout=60)
    assert "bad Up: mlflow. mlflow listens at 0.0.0.0, where others can reach it." in done.stdout, done.stderr


def test_in_an_empty_folder_every_check_answers_in_a_sentence(tmp_path: Path) -> None:
    """A line a check, no traceback, exit code 2; as JSON it is a list of what is promised."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "flows.doctor"]
    plain = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "Traceback" not in plain.stdout + plain.stderr
    assert len(plain.stdout.splitlines()) == len(CHECKS) + len(doctor.CHECKS)
    told = subprocess.run([*command, "--json", "--fix"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    findings = json.loads(told.stdout)
    assert plain.returncode == told.returncode == 2
    assert {tuple(finding) for finding in findings} == {("name", "state", "found", "advice", "fixed")}
    assert "params.yaml" in of(findings, "environment")["found"]


def test_the_exit_code_is_that_of_the_worst() -> None:
    """0 all is well, 1 to be looked at, 2 broken."""
    assert [exit_code([Finding("a", "ok", ""), Finding("b", state, "")]) for state in ("ok", "warn", "bad")] == [0, 1, 2]  # type: ignore[arg-type]


def test_a_check_that_cannot_be_made_keeps_nobody_from_the_others() -> None:
    """A package that is missing, say: it is told, and the next check is made."""
    first, second = examine(["tasks.doctor.nowhere", "tasks.doctor.gpu"], fix=False)
    assert first.state == "bad"
    assert first.advice == "make install"
    assert second.name == "gpu"
