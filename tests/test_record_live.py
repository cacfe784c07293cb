"""A training told live: complete, continued after a kill, nothing twice, and the training never waits."""

import inspect
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from recording import a_record, append, curve, in_new_process, picture, picture_steps, project, runs

import tasks.live
from tasks.live import STOPPED, Live
from tasks.record import Record
from tasks.tracking import spool, store, worker
from tasks.tracking.follow import Follower
from tasks.tracking.history import Tail

__all__ = ["project"]

DATASET = Path("artifacts/dataset")


@pytest.fixture
def folder(project: Path) -> Path:
    """The folder of a training run in a project that has a data set."""
    a_record()
    found = Path(".runs/5eed").absolute()
    found.mkdir(parents=True)
    return found


def _begin(folder: Path, **order: Any) -> Follower:
    """What the process beside the training does as it starts."""
    fresh = not (folder / "history.jsonl").exists()
    whole = {"step": "train", "params": {"batch": "64"}, "reads": [str(DATASET)], "fresh": fresh, **order}
    spool.write(tasks.live._description(folder, whole), folder / spool.LIVE)
    return Follower(folder)


def _finished(folder: Path) -> Record:
    """The record that the step makes of its finished training."""
    model = Path("artifacts/model")
    model.mkdir(parents=True, exist_ok=True)
    (model / "history.jsonl").write_bytes((folder / "history.jsonl").read_bytes())
    pictures = sorted((folder / "samples").glob("*.png"))
    given = {"step": "train", "params": {"batch": 64}, "writes": [model], "history": model / "history.jsonl"}
    return a_record(**given, pictures=pictures, run_folder=folder, metrics={"fd_lite0": 99.0})


def _publish(record: Record) -> None:
    import tasks.record

    tasks.record._keep(record, rebuilt=False)
    assert worker.send() == []


def test_what_is_appended_is_sent_once_and_in_whole_lines(folder: Path) -> None:
    """Half a line waits for its other half; pictures are shown at their kimg; half a picture waits too."""
    follower, history = _begin(folder), folder / "history.jsonl"
    assert follower.tick()  # there is nothing yet
    append(history, 0.5, 1.0)
    line = json.dumps({"kimg": 1.5, "images": 1500, "loss_g": 2.25})
    with history.open("a") as stream:
        stream.write(line[:20])
    picture(folder / "samples" / "kimg-000000.png")
    (folder / "samples" / "kimg-000001.png").write_bytes(b"\x89PNG half")
    assert follower.tick()
    (run,) = runs("train")
    assert run.info.status == "RUNNING"
    assert curve(run, "loss_g") == [(500, 0.25), (1000, 1.0)]
    assert curve(run, "time/images_per_second") == [(500, 80.0), (1000, 80.0)]
    with history.open("a") as stream:
        stream.write(line[20:] + "\n")
    picture(folder / "samples" / "kimg-000001.png")
    assert follower.finish("FINISHED")
    (run,) = runs("train")
    assert (run.info.status, run.data.params, len(run.inputs.dataset_inputs)) == ("FINISHED", {"batch": "64"}, 1)
    assert curve(run, "loss_g") == [(500, 0.25), (1000, 1.0), (1500, 2.25)]
    assert picture_steps(run) == [0, 1]


def test_a_resumed_training_goes_on_in_the_same_run(folder: Path) -> None:
    """Killed without a word at 2 kimg with the checkpoint at 1: the steps that are trained again are not sent again."""
    first = _begin(folder)
    append(folder / "history.jsonl", 0.5, 1.0, 1.5, 2.0)
    first.tick()
    history = folder / "history.jsonl"
    history.write_text("".join(history.read_text().splitlines(keepends=True)[:2]))
    second = _begin(folder)
    append(history, 1.5, 2.0, 2.5)
    assert second.finish("FINISHED")
    (run,) = runs("train")
    assert run.info.status == "FINISHED"
    assert curve(run, "kimg") == [(500, 0.5), (1000, 1.0), (1500, 1.5), (2000, 2.0), (2500, 2.5)]


def test_looks_at_a_training_are_curves_too(folder: Path) -> None:
    """Numbers of watch.jsonl, at their own places; what is text there is left out; the record of the end adds none twice."""
    follower = _begin(folder)
    append(folder / "history.jsonl", 0.5, 1.0)
    append(folder / "watch.jsonl", 0.0, quick_fd=9.0, values_missing="hair red")
    assert follower.tick()
    append(folder / "history.jsonl", 1.5)
    append(folder / "watch.jsonl", 1.5, quick_fd=7.0)
    assert follower.finish("FINISHED")
    (run,) = runs("train")
    assert curve(run, "quick_fd") == [(0, 9.0), (1500, 7.0)]
    assert "values_missing" not in run.data.metrics
    record = _finished(folder)
    (Path("artifacts/model") / "watch.jsonl").write_bytes((folder / "watch.jsonl").read_bytes())
    _publish(record)
    (run,) = runs("train")
    assert curve(run, "quick_fd") == [(0, 9.0), (1500, 7.0)]
    assert curve(run, "loss_g") == [(0, 0.0), (500, 0.25), (1000, 1.0), (1500, 2.25)]


@pytest.mark.fault(
    "MLflow's connection breaks while curves are told", found="sent again from where the store stands; no (key, step) twice"
)
def test_a_broken_line_leaves_nothing_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store takes a batch, the answer is lost; the next tries find out, and go on."""
    real, failing = MlflowClient.log_batch, [True]

    def breaking(client: MlflowClient, run_id: str, **named: Any) -> None:
        real(client, run_id, **named)
        if failing and "metrics" in named:
            failing.pop()
            raise ConnectionError("lost the answer")

    monkeypatch.setattr(MlflowClient, "log_batch", breaking)
    follower = _begin(folder)
    append(folder / "history.jsonl", 0.5, 1.0)
    assert not follower.tick()
    assert "lost the answer" in follower.trouble
    append(folder / "history.jsonl", 1.5)
    assert follower.finish("FINISHED")
    (run,) = runs("train")
    assert curve(run, "loss_g") == [(500, 0.25), (1000, 1.0), (1500, 2.25)]


def test_the_finished_step_completes_the_live_run(folder: Path) -> None:
    """Its record adds the final numbers and the ids of what was written to the same run; told again, nothing changes."""
    follower = _begin(folder)
    append(folder / "history.jsonl", 0.5, 1.0)
    follower.finish("FINISHED")
    for _ in range(2):
        _publish(_finished(folder))
    (run,) = runs("train")
    assert "dvc.write.artifacts/model" in run.data.tags
    assert curve(run, "loss_g") == [(500, 0.25), (1000, 1.0)]
    assert curve(run, "fd_lite0") == [(1000, 99.0)]


def test_a_training_never_told_live_is_complete_afterwards(folder: Path) -> None:
    """The store was away all the while: the record makes one run, whatever the live side left behind, and no more."""
    append(folder / "history.jsonl", 0.5, 1.0)
    picture(folder / "samples" / "kimg-000001.png")
    _begin(folder)
    for _ in range(2):
        _publish(_finished(folder))
    (run,) = runs("train")
    assert (run.info.status, curve(run, "kimg"), picture_steps(run)) == ("FINISHED", [(500, 0.5), (1000, 1.0)], [1])
    assert spool.left() == 0


def test_a_training_half_told_is_completed_afterwards(folder: Path) -> None:
    """The store went away in the middle: the record fills the same run up."""
    follower = _begin(folder)
    append(folder / "history.jsonl", 0.5)
    follower.tick()
    append(folder / "history.jsonl", 1.0, 1.5)
    _publish(_finished(folder))
    (run,) = runs("train")
    assert (run.info.status, curve(run, "kimg")) == ("FINISHED", [(500, 0.5), (1000, 1.0), (1500, 1.5)])
    assert spool.left() == 0


def test_training_anew_is_another_run(folder: Path) -> None:
    """The folder's run was published; when its history begins from nothing, that is another execution."""
    follower = _begin(folder)
    append(folder / "history.jsonl", 0.5)
    follower.finish("FINISHED")
    _publish(_finished(folder))
    (folder / "history.jsonl").unlink()
    again = _begin(folder)
    append(folder / "history.jsonl", 0.5)
    assert again.finish("FINISHED")
    assert [curve(run, "kimg") for run in runs("train")] == [[(500, 0.5)]] * 2


def test_a_training_broken_off_is_ended_by_the_next_who_sends(folder: Path) -> None:
    """Both processes were killed: its run does not stay RUNNING for ever, and has all that the history holds."""
    _begin(folder).tick()
    append(folder / "history.jsonl", 0.5, 1.0)
    assert worker.send() == []
    (run,) = runs("train")
    assert (run.info.status, curve(run, "kimg")) == ("KILLED", [(500, 0.5), (1000, 1.0)])
    assert spool.left() == 0


def test_numbers_that_are_not_finite_are_named_and_left_out(folder: Path) -> None:
    """As JSON has them or as text; a line that is none is counted, and the rest goes on."""
    history = folder / "history.jsonl"
    append(history, 0.5, loss_d="nan")
    append(history, 1.0, loss_d=float("inf"), note="a word", flag=True)
    with history.open("a") as stream:
        stream.write("no JSON\n[1]\n{}\n")
    append(history, 1.5, loss_d=0.5)
    assert _begin(folder).finish("FINISHED")
    (run,) = runs("train")
    assert curve(run, "loss_d") == [(1500, 0.5)]
    assert set(run.data.metrics) == {"kimg", "loss_g", "loss_d", "time/images_per_second"}
    assert run.data.tags["atelier.not_finite"] == "loss_d 2 times"
    assert run.data.tags["atelier.unreadable_lines"] == "3"


def test_a_history_that_was_put_in_place_of_another_is_read_from_its_start(tmp_path: Path) -> None:
    """Also when the new one is longer than the old one was."""
    path = tmp_path / "history.jsonl"
    append(path, 1.0)
    tail = Tail(path)
    assert [point.step for point in tail.read() if point.key == "kimg"] == [1000]
    append(tmp_path / "new", 0.5, 1.0, 1.5)
    os.replace(tmp_path / "new", path)
    assert [point.step for point in tail.read() if point.key == "kimg"] == [500, 1000, 1500]
    assert tail.read() == []


def test_an_absent_store_is_asked_less_and_less_often(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each failure doubles the wait, up to a minute; a look in between costs nothing."""
    clock, asked = [0.0], []
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(store, "answers", lambda: asked.append(clock[0]))
    follower = _begin(folder)
    for second in range(200):
        clock[0] = float(second + 1)
        assert not follower.tick()
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert gaps == [2, 4, 8, 16, 32, 60, 60]


_TRAINING = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from recording import append
from tasks.live import STOPPED, Live
folder = Path('.runs/5eed')
with Live(folder, {'batch': 64}, [Path('artifacts/dataset')]):
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        append(folder / 'history.jsonl', number / 2)
    print('trained', flush=True)
    time.sleep(float(sys.argv[4]))
"""


def _train(start: int, stop: int, seconds: float) -> "subprocess.Popen[str]":
    here = Path(__file__).parent
    command = [sys.executable, "-c", _TRAINING, str(here), str(start), str(stop), str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(here.parent)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def _wait(condition: Any, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


@pytest.mark.fault(
    "kill -9 of a training that tells MLflow live", found="the next start goes on in the same MLflow run; no (key, step) twice"
)
@pytest.mark.slow
def test_killed_and_started_again_is_one_run(folder: Path) -> None:
    """kill -9 of the training: the process beside it tells the rest, ends the run as KILLED and is gone; then it goes on."""
    killed = _train(0, 3, 60)
    assert killed.stdout
    assert killed.stdout.readline() == "trained\n"
    _wait(lambda: runs("train"))
    killed.kill()
    killed.wait()
    _wait(lambda: runs("train")[0].info.status == "KILLED", 15)
    _wait(lambda: not _beside(folder), 15)
    assert _train(3, 5, 0).wait(60) == 0
    (run,) = runs("train")
    assert run.info.status == "FINISHED"
    assert curve(run, "kimg") == [(0, 0.0), (500, 0.5), (1000, 1.0), (1500, 1.5), (2000, 2.0)]


def _beside(folder: Path) -> bool:
    """Whether a process beside a training in this folder is alive."""
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return any(b"tasks.live" in line and str(folder).encode() in line for line in lines)


def test_a_stopped_training_is_killed_and_a_broken_one_failed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the block is left decides the run's status, and how long MLflow is waited for."""
    seen: list[object] = []
    monkeypatch.setattr(Live, "start", lambda self: self)
    usual = inspect.signature(Live.close).parameters["patience"].default
    monkeypatch.setattr(Live, "close", lambda self, status, patience=usual: seen.append((status, patience)))
    with Live(folder, {}, []):
        pass
    monkeypatch.setattr(Live, "leave", lambda self: seen.append("left"))
    for kind in (SystemExit, KeyboardInterrupt, ValueError):
        with pytest.raises(kind), Live(folder, {}, []):
            raise kind
    assert seen == [("FINISHED", 10.0), ("KILLED", STOPPED), "left", ("FAILED", 10.0)]
    assert STOPPED < 10 - 3  # of the ten seconds in which a stopped step is to be gone, some for the checkpoint


@pytest.mark.fault("two processes tell MLflow of one run", found="the second one leaves it to the first")
@pytest.mark.slow
def test_a_second_training_in_the_same_folder_disturbs_nothing(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process is being told about in this folder, a second one leaves its description alone and is silent."""
    from filelock import FileLock

    spool.write(_begin(folder).entry, folder / spool.LIVE)
    before = (folder / spool.LIVE).read_bytes()
    monkeypatch.setattr(tasks.live, "_ended", lambda beside, status, patience: _impatient(beside))
    with FileLock(folder / spool.LOCK):
        live = Live(folder, {}, []).start()
        assert live.close("FAILED") is False
    assert (folder / spool.LIVE).read_bytes() == before
    assert capsys.readouterr().err == ""


def _impatient(beside: "subprocess.Popen[bytes]") -> int:
    beside.communicate(b"FAILED")
    return beside.returncode


def test_the_training_does_not_notice_an_absent_server(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Start, the appends and the end cost what they cost without: no wait, no MLflow in the process, all in the history."""
    plain = [_timed(folder / "plain.jsonl", number) for number in range(200)]
    monkeypatch.setenv(store.URI, "http://127.0.0.1:9")
    began = time.monotonic()
    live = Live(folder, {"batch": 64}, [DATASET]).start()
    started = time.monotonic() - began
    told = [_timed(folder / "history.jsonl", number) for number in range(200)]
    began = time.monotonic()
    assert live.close("FINISHED") is False
    assert time.monotonic() - began < 10.5
    assert started < 1.0
    assert statistics.median(told) < 3 * statistics.median(plain) + 0.001
    assert "history.jsonl" in capsys.readouterr().err
    entry = spool.read(folder / spool.LIVE)
    assert entry is not None
    assert (entry.status, entry.told) == ("FINISHED", False)
    monkeypatch.delenv(store.URI)
    assert worker.send() == []
    (run,) = runs("train")
    assert (run.info.status, len(curve(run, "loss_g"))) == ("FINISHED", 200)


def _timed(history: Path, number: int) -> float:
    began = time.perf_counter()
    append(history, number / 10)
    return time.perf_counter() - began


def test_the_process_beside_cannot_be_started(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """No memory for another process, say: the training goes on, and a line says when its record will be made."""

    def none(*_: Any, **__: Any) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", none)
    with Live(folder, {}, []) as live:
        append(folder / "history.jsonl", 1.0)
    assert live.close() is False
    assert "Cannot allocate memory" in capsys.readouterr().err


@pytest.mark.slow
def test_the_process_beside_is_deaf_to_ctrl_c(folder: Path) -> None:
    """Ctrl-C and SIGTERM go to the whole group; the training ends in good order and its end is still told."""
    live = Live(folder, {"batch": 64}, [DATASET]).start()
    append(folder / "history.jsonl", 1.0)
    assert live._beside
    _wait(lambda: runs("train"))
    live._beside.send_signal(signal.SIGINT)
    live._beside.send_signal(signal.SIGTERM)
    assert live.close("KILLED")
    (run,) = runs("train")
    assert (run.info.status, curve(run, "kimg")) == ("KILLED", [(1000, 1.0)])


def test_telling_live_loads_nothing_into_the_training(folder: Path) -> None:
    """Neither MLflow nor anything of it is imported into the process that trains."""
    code = (
        "import sys; from pathlib import Path; from tasks.live import Live\n"
        "Live(Path('.runs/5eed'), {}, []).start().close(patience=0.1)\n"
        "print(any(name.startswith('mlflow') for name in sys.modules))"
    )
    done = in_new_process(code, **{store.URI: "http://127.0.0.1:9"})
    assert done.stdout.strip() == "False", done.stderr
